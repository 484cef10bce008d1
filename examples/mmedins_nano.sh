#!/usr/bin/env bash
# From raw open corpora to a tuned model and the proof that tuning helped, in about an hour on two processor cores:
# corpora -> task files -> mixture -> SmolLM2-135M tuned -> evaluated before and after -> compared.
#
#   examples/mmedins_nano.sh RAW [OUT]
#
# RAW holds the corpora as their owners publish them, each in a folder of its own (docs/corpora.md says where to get
# them): mtl_bioinformatics_2016, hallmarks_of_cancer, disease_ontology, meqsum. OUT (default: nano) gets everything.
# Run it again after any interruption: what is done is not done again. TESTED=N evaluates N questions a task (200).
set -euo pipefail

raw=${1:?"usage: $0 RAW [OUT]"} out=${2:-nano} tested=${TESTED:-200}
started=$SECONDS
mkdir -p "$out"

say() { printf '\n== %s (after %d min %02d s)\n' "$1" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)); }

say "corpora into task files"
build() { medsins corpora build -q "$1" --raw "$raw/$2" -o "$out/corpora/$3" "${@:4}"; }
build bc5cdr mtl_bioinformatics_2016 train --task task126 --split train
build bc5cdr mtl_bioinformatics_2016 test --task task126 --split test
build hoc hallmarks_of_cancer whole
build hoc hallmarks_of_cancer sentences --set unit=sentence
build disease_ontology disease_ontology whole --task task46
build meqsum meqsum whole

say "training and test instances"
mkdir -p "$out/train" "$out/test"
split() { medsins tasks split -q "$out/corpora/whole/$1.json" --test "$2" -o "$out/split"; }
split task106 0.6 # two hundred of them are asked; a sentence of a trained abstract is cheaper than the abstract
split task46 0.1
split task114 0.25
for task in task106 task46 task114; do
  cp "$out/split/$task.train.json" "$out/train/$task.json"
  cp "$out/split/$task.test.json" "$out/test/$task.json"
done
cp "$out/corpora/train/task126.json" "$out/train/"
cp "$out/corpora/test/task126.json" "$out/test/"
# Single sentences teach the ten hallmarks at a fraction of an abstract's price. Those of tested abstracts go.
cp "$out/corpora/sentences/task106.json" "$out/sentences.json"
medsins audit leakage "$out/sentences.json" --test "$out/test" --clean "$out/clean" --html "$out/leakage.html" ||
  test -f "$out/clean/sentences.json" # it finds leaks, says so with its exit status, and takes them out
cp "$out/clean/sentences.json" "$out/train/hallmark_sentences.json"

say "mixture"
cat > "$out/nano.toml" <<TOML
model = "smollm2"
tasks = ["train"]
suites = ["test"]          # questions that stand in it are kept out
output = "tuned"

[mixture]
cap = 700                  # instances of a task that count, at most
few_shot = 0.0             # what is tuned answers without examples

[packing]
capacity = 512             # tokens of a row
share = true               # instructions are computed once for many samples

[training]
learning_rate = 3e-4
rows_per_step = 2
frozen_layers = 15         # of 30: nearly twice the pace
save_steps = 50
TOML
medsins train prepare "$out/nano.toml"

say "tuning"
medsins train run "$out/nano.toml"

ask() { medsins bench run --tasks "$out/test" --limit "$tested" --model "$1" --protocol "strict:$2,max_answer_tokens=64" -o "$out/runs/$3" "${@:4}"; }
say "the tuned model, without shots"
ask "transformers:$out/tuned/model" shots=0 tuned
say "the base model, without shots"
ask smollm2 shots=0 base-0-shot
say "the base model, with three shots"
ask smollm2 shots=3 base-3-shot --shots-from "$out/train"

say "comparison"
medsins bench compare "$out/runs/base-3-shot" "$out/runs/base-0-shot" "$out/runs/tuned" -o "$out/comparison.html"
medsins bench compare "$out/runs/base-0-shot" "$out/runs/tuned"
for base in base-3-shot base-0-shot; do
  medsins bench compare --profile official "$out/runs/$base" "$out/runs/tuned"
done
medsins train card "$out/nano.toml" --before "$out/runs/base-3-shot" --after "$out/runs/tuned"
say "done: $out/comparison.html, $out/runs/tuned/report.html, $out/tuned/model/README.md"
