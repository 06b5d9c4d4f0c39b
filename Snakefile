# vadbench: videos in, results/tables.csv out.
#
#   stores/<benchmark>/videos/<shard>.json        which videos a shard holds (brought up to date before the DAG)
#   stores/<benchmark>/annotations.json           labels, splits, frame-level truth (likewise)
#   stores/<benchmark>/<set>/part-<shard>.h5      a feature set of one shard; store.json and store.h5 join them
#   results/<benchmark>/<split>[/draw-NN]/<method>[--<variant>][@<set>]/seed-<n>/
#                                                 a run: checkpoint, scores.h5, metrics.json, curves/
#   results/tables.csv, results/tables.md         what everything is for
#
# What is computed is said in config.yaml and config/<benchmark>.yaml; how, in the package vadbench.
from snakemake.utils import min_version

min_version("9.3")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/methods.smk"
include: "workflow/rules/tables.smk"


localrules:
    all,
    fetch_weights,
    free_frames,


rule all:
    default_target: True
    input:
        "results/tables.csv",


onsuccess:
    print_budget()
    print(
        "Done. Tables: results/tables.md; one page with everything: snakemake --report results/report.html"
    )


onerror:
    print(
        "Stopped. Nothing finished is lost: mend what the message names and give the same command again."
        " Details of the failed job are in its log, named above."
    )
