# A run's path names it: results/<benchmark>/<split>[/draw-NN]/<method>[--<variant>][@<set>]/seed-<n>.
# Below results/<benchmark>/external/ stands what others have scored, under any name.
wildcard_constraints:
    run=r"[^/]+/(?!external/).+/seed-\d+",


rule train:
    input:
        features=features_of_run,
        annotations=annotations_of_run,
    output:
        "results/{run}/checkpoint.safetensors",
    log:
        "logs/{run}/train.log",
    benchmark:
        "logs/{run}/train.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        device=RUN_SETTINGS.device,
        mem_mb=8000,
        runtime=1440,
        gpu=gpus,
    params:
        run=run_arguments,
        settings=training_settings,
        texts=training_texts,
        revision=method_revision,
    shell:
        "vadbench train {params.run} --settings {params.settings:q} --texts {params.texts:q}"
        " --features {input.features} --annotations {input.annotations} --device {resources.device} --threads {threads}"
        " --out results/{wildcards.run} > {log} 2>&1"


rule score:
    input:
        checkpoint=checkpoint_of_run,
        features=features_of_run,
        annotations=annotations_of_run,
    output:
        scores="results/{run}/scores.h5",
        settings="results/{run}/settings.json",
    log:
        "logs/{run}/score.log",
    benchmark:
        "logs/{run}/score.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        device=RUN_SETTINGS.device,
        mem_mb=4000,
        runtime=240,
        gpu=gpus,
    params:
        run=run_arguments,
        settings=method_settings,
        texts=method_texts,
        queries=method_queries,
        revision=method_revision,
    shell:
        "vadbench score {params.run} --settings {params.settings:q} --texts {params.texts:q}"
        " --queries {params.queries:q}"
        " --features {input.features} --annotations {input.annotations} --device {resources.device} --threads {threads}"
        " --out results/{wildcards.run} > {log} 2>&1"


rule evaluate:
    input:
        scores="results/{run}/scores.h5",
        annotations=annotations_of_run,
        lengths=length_table,
    output:
        "results/{run}/metrics.json",
    log:
        "logs/{run}/evaluate.log",
    benchmark:
        "logs/{run}/evaluate.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        data_root=RUN_SETTINGS.data_root,
        mem_mb=4000,
        runtime=60,
    params:
        run=label_arguments,
        settings=evaluation_settings,
    shell:
        "vadbench evaluate {params.run} --settings {params.settings:q} --scores {input.scores}"
        " --annotations {input.annotations} --data-root {resources.data_root:q} --out {output} > {log} 2>&1"
