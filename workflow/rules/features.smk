# One rule per stage: a shard's videos (and the part of the set it reads) to one part of a feature set.
# Where the data lies, which device computes and what a bad video does are resources, not parameters: no finished
# part depends on them, so that none is made again when they change.
rule frames:
    input:
        videos=list_of_shard,
        rendered=rendered_videos,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=sets_of_stage("frames"),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    threads: cores_for_extraction
    resources:
        data_root=RUN_SETTINGS.data_root,
        on_bad_video=on_bad_video,
        mem_mb=2000,
        runtime=1440,
    params:
        settings=stage_settings,
        revision=stage_revision,
    shell:
        "vadbench stage frames --settings {params.settings:q} --videos {input.videos}"
        " --data-root {resources.data_root:q} --on-bad-video {resources.on_bad_video}"
        " --out {output} --threads {threads} > {log} 2>&1"


rule clip:
    input:
        videos=list_of_shard,
        reads=part_read,
        weights=weights_of_set,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=sets_of_stage("clip"),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    threads: cores_for_extraction
    resources:
        device=RUN_SETTINGS.device,
        mem_mb=6000,
        runtime=1440,
        gpu=gpus,
    params:
        settings=stage_settings,
        revision=stage_revision,
    shell:
        "vadbench stage clip --settings {params.settings:q} --videos {input.videos} --reads {input.reads}"
        " --device {resources.device} --out {output} --threads {threads} > {log} 2>&1"


rule windows:
    input:
        videos=list_of_shard,
        reads=part_read,
        weights=weights_of_set,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=sets_of_stage("windows"),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    threads: cores_for_extraction
    resources:
        device=RUN_SETTINGS.device,
        mem_mb=8000,
        runtime=2880,
        gpu=gpus,
    params:
        settings=stage_settings,
        revision=stage_revision,
        test_videos=test_videos,
    shell:
        "vadbench stage windows --settings {params.settings:q} --videos {input.videos} --reads {input.reads}"
        " --test-videos {params.test_videos:q} --device {resources.device} --out {output} --threads {threads}"
        " > {log} 2>&1"


rule regions:
    input:
        videos=list_of_shard,
        reads=part_read,
        weights=weights_of_set,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=sets_of_stage("regions"),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    threads: cores_for_extraction
    resources:
        device=RUN_SETTINGS.device,
        mem_mb=4000,
        runtime=1440,
        gpu=gpus,
    params:
        settings=stage_settings,
        revision=stage_revision,
    shell:
        "vadbench stage regions --settings {params.settings:q} --videos {input.videos} --reads {input.reads}"
        " --device {resources.device} --out {output} --threads {threads} > {log} 2>&1"


rule motion:
    input:
        videos=list_of_shard,
        rendered=rendered_videos,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=kept_motion(),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    # One encodes and one decodes; further cores take further shards.
    threads: 2
    resources:
        data_root=RUN_SETTINGS.data_root,
        on_bad_video=on_bad_video,
        mem_mb=2000,
        runtime=1440,
    params:
        settings=stage_settings,
        revision=stage_revision,
    shell:
        "vadbench stage motion --settings {params.settings:q} --videos {input.videos}"
        " --data-root {resources.data_root:q} --on-bad-video {resources.on_bad_video}"
        " --out {output} --threads {threads} > {log} 2>&1"


rule histograms:
    input:
        videos=list_of_shard,
        reads=part_read,
        motion=motion_part,
        rendered=rendered_videos,
    output:
        "stores/{benchmark}/{set}/part-{shard}.h5",
    log:
        "logs/{benchmark}/{set}/part-{shard}.log",
    benchmark:
        "logs/{benchmark}/{set}/{set}-{shard}.time.tsv"
    wildcard_constraints:
        set=sets_of_stage("histograms"),
        shard=r"\d{4}",
    conda:
        "../../envs/vadbench.yaml"
    # As for motion, which is made here where it is not kept.
    threads: 2
    resources:
        data_root=RUN_SETTINGS.data_root,
        on_bad_video=on_bad_video,
        mem_mb=2000,
        runtime=1440,
    params:
        settings=stage_settings,
        revision=stage_revision,
        motion=motion_identity,
        option=motion_option,
    shell:
        "vadbench stage histograms --settings {params.settings:q} --videos {input.videos} --reads {input.reads}"
        " {params.option:q} --data-root {resources.data_root:q} --on-bad-video {resources.on_bad_video}"
        " --out {output} --threads {threads} > {log} 2>&1"


rule link:
    input:
        parts_of_set,
    output:
        "stores/{benchmark}/{set}/store.json",
        "stores/{benchmark}/{set}/store.h5",
    log:
        "logs/{benchmark}/{set}/link.log",
    benchmark:
        "logs/{benchmark}/{set}/link.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        parts=number_of_parts,
    shell:
        "vadbench link stores/{wildcards.benchmark}/{wildcards.set} --parts {params.parts} > {log} 2>&1"


rule free_frames:
    log:
        "logs/free_frames.log",
    conda:
        "../../envs/vadbench.yaml"
    # Frees the space of the decoded frames; what needs them later makes them again.
    params:
        folders=frames_folders,
    shell:
        "rm -rf {params.folders:q} > {log} 2>&1"
