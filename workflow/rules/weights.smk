# Weights that settings name by a tag of the hub. Only this reaches a network, on the host that plans the workflow.
rule fetch_weights:
    output:
        "weights/{fetched}.json",
    log:
        "logs/weights/{fetched}.log",
    benchmark:
        "logs/weights/{fetched}.time.tsv"
    wildcard_constraints:
        fetched="|".join(map(re.escape, FETCHED)) or "(?!)",
    # First, so that a missing tag or network shows before videos are decoded for hours.
    priority: 1
    conda:
        "../../envs/vadbench.yaml"
    threads: 1
    params:
        weights=weights_fetched,
    shell:
        "vadbench fetch-weights {params.weights:q} > {log} 2>&1"
