# The demo's videos are rendered on the user's machine; other benchmarks bring theirs.
rule render:
    input:
        videos="stores/{benchmark}/videos/{shard}.json",
    output:
        "stores/{benchmark}/rendered/{shard}.txt",
    log:
        "logs/{benchmark}/render-{shard}.log",
    benchmark:
        "logs/{benchmark}/render-{shard}.time.tsv"
    conda:
        "../../envs/vadbench.yaml"
    threads: cores_for_extraction
    resources:
        data_root=RUN_SETTINGS.data_root,
        mem_mb=2000,
        runtime=60,
    params:
        folder=demo_folder_of,
    shell:
        "vadbench demo render {params.folder:q} --data-root {resources.data_root:q} --videos {input.videos}"
        " --out {output} --threads {threads} > {log} 2>&1"
