# From metrics to tables and pictures.
rule curves:
    input:
        scores="results/{run}/scores.h5",
        metrics="results/{run}/metrics.json",
        annotations=annotations_of_run,
        frames=frames_of_run,
    output:
        report(
            directory("results/{run}/curves"),
            patterns=["{video}.png"],
            caption="../report/curve.rst",
            category="Score curves",
            subcategory="{run}",
            labels={"video": "{video}"},
        ),
    log:
        "logs/{run}/curves.log",
    benchmark:
        "logs/{run}/curves.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    shell:
        "vadbench figures results/{wildcards.run} --out {output} --threads {threads} > {log} 2>&1"


rule overview:
    input:
        metrics_of_split,
    output:
        report(
            "results/{benchmark}/{split}/overview.png",
            caption="../report/overview.rst",
            category="Overview",
            labels={"benchmark": "{benchmark}", "split": "{split}"},
        ),
    log:
        "logs/{benchmark}/{split}/overview.log",
    benchmark:
        "logs/{benchmark}/{split}/overview.time.tsv"
    wildcard_constraints:
        benchmark="[^/]+",
        split="[^/]+",
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        "vadbench overview {input} --out {output} > {log} 2>&1"


rule benchmark_tables:
    input:
        metrics=metrics_of_benchmark,
        external=external_metrics_of_benchmark,
    output:
        csv="results/{benchmark}/tables.csv",
        markdown="results/{benchmark}/tables.md",
        page="results/{benchmark}/tables.html",
        latex="results/{benchmark}/tables.tex",
    log:
        "logs/{benchmark}/tables.log",
    benchmark:
        "logs/{benchmark}/tables.time.tsv"
    wildcard_constraints:
        benchmark="[^/]+",
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        "vadbench tables {input.metrics} {input.external:q} --out results/{wildcards.benchmark} > {log} 2>&1"


# Counted from the settings; the stages' logs, which say how fast they were, are there when their sets are.
rule cost:
    input:
        features=features_of_all,
    output:
        csv=report(
            "results/cost.csv",
            caption="../report/cost.rst",
            category="Tables",
            labels={"form": "costs, one row per set and method"},
        ),
        markdown="results/cost.md",
    log:
        "logs/cost.log",
    benchmark:
        "logs/cost.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=cost_settings,
    shell:
        "vadbench cost --settings {params.settings:q} --logs logs --out results > {log} 2>&1"


rule tables:
    # The tables of each benchmark, the costs and the pictures are wanted with it, not read by it.
    input:
        metrics=metrics_of_all,
        external=external_metrics_of_all,
        tables=tables_of_benchmarks,
        cost="results/cost.csv",
        overviews=overviews_of_splits,
        curves=drawn_runs,
    output:
        csv=report(
            "results/tables.csv",
            caption="../report/tables.rst",
            category="Tables",
            labels={"form": "tidy, one row per metric"},
        ),
        markdown="results/tables.md",
        page=report(
            "results/tables.html",
            caption="../report/tables.rst",
            category="Tables",
            labels={"form": "to read"},
        ),
        latex="results/tables.tex",
    log:
        "logs/tables.log",
    benchmark:
        "logs/tables.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        "vadbench tables {input.metrics} {input.external:q} --out results > {log} 2>&1"
