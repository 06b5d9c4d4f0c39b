#!/usr/bin/env bash
# Snakemake runs this once, in the new environment and in the workflow's folder.
set -euo pipefail
python -m pip install --no-deps .
