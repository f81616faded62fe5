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
# # Collect and label
#
# Every lecture so far began with `load(...)`, and somebody else had done the work. This week the data set is
# yours. Where do pictures come from, what may you do with them, and who says what is on them? And if two
# people look at the same picture: do they say the same? **How far can you trust labels that people give?**
# That is the question of this lecture.
#
# **After this lecture you can**
#
# - write down for each picture where it comes from and under which terms, before you use it;
# - say whom a collection leaves out;
# - label a folder of pictures by keyboard, and go on another day;
# - have a second person label the same pictures, and report Cohen's kappa with its interval.
#
# **You need** images as arrays (week 1) and intervals (weeks 5 and 7).
#
# **Time** about 25 minutes to read. **Cost** a few seconds on any machine. The lecture needs no download: its
# pictures come with the course.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from helpers import budget, data, dataset, labelling, plots

budget.describe()
TABLES = budget.choose(ci=400, cpu=2000)  # simulated pairs of labellers

# %% [markdown]
# ## Collect
#
# ### May I?
#
# A picture that everybody can see is not a picture that everybody may use. Ask four questions about each one,
# and write the answers down **when you take it**. A year later nobody finds the page again.
#
# | question | where the answer stands | what to write down |
# |---|---|---|
# | Who made it, and under which terms? | the licence on the page, a file `LICENSE` | licence, source |
# | May a program fetch it? | the site's `robots.txt` and its terms of use | date, and what they said |
# | Who is in it, and did they agree? | a person whom you can ask | consent, or "nobody in it" |
# | Does the file say more than you want? | EXIF: place, time, camera | removed, or why not |
#
# `robots.txt` says what the owner of a site asks of programs. It is not a licence: what you may fetch you may
# not always keep, and what you may keep you may not always pass on. Faces, number plates and name badges are
# personal data in many countries, whatever the licence of the picture. If you are in doubt, leave it out; a
# picture that you took yourself, of things that are yours, is the easiest of all.
#
# ### A hashtag is a sample of whom?
#
# You collect everything that was posted under `#applefestival`. What is in the collection?
#
# - people who post: not those who were there with both hands full;
# - pictures that somebody liked: sharp, sunny, from the front;
# - whatever the site shows first to **you**.
#
# The classifier will be used on other pictures: at dusk, half hidden, by people who never post. Its test
# pictures come from the same hashtag, so the test will not notice. More pictures of the same kind do not
# help. Torralba and Efros (2011) trained on one well-known data set and tested on another: for "car" and
# "person" the results were much worse than on the data set's own test images, for all of the sets. So
# describe what you drew from, and draw from more than one place: other days, other cameras, other people.
#
# **How many?** Few classes with many pictures teach more than many classes with few. For a first data set
# take two to five classes and about a hundred pictures of each, and note the **series** (place, day, person)
# of each picture. The next lecture splits by it.
#
# ### One folder for each class
#
# A class is a folder. Everything else goes into a **manifest**: a CSV file with one line for each picture.
# The cell below plays your collection, with photographs that come with the course.

# %%
CLASSES = ("cat", "dog")
home = Path(tempfile.mkdtemp(), "my pictures")
sample = data.load("cifar10", source="sample")
pictures = {}
for name in CLASSES:
    (home / name).mkdir(parents=True)
    label = sample.class_names.index(name)
    rows = np.flatnonzero(sample.train.labels == label)
    for number, row in enumerate(rows[:12]):
        picture = Image.fromarray(sample.train.images[row]).resize((96, 96))
        picture.save(home / name / f"{number:03d}.png")
        pictures[f"{name}/{number:03d}.png"] = np.asarray(picture)

# %%
found = dataset.scan(home)
dataset.write_manifest(found.pictures, home / "manifest.csv")
print(*(home / "manifest.csv").read_text().splitlines()[:3], sep="\n")

# %% [markdown]
# The columns `group`, `licence` and `source` are empty: nobody but you can fill them in. The long number is the
# file's **SHA-256 sum**. Change one bit of the file, and it is another number. So whoever has your manifest
# can check that he has your data.
#
# > **Predict, then run.** The next cell asks the course's examiner about this folder. There is no fault in any
# > file. What will it complain about?

# %%
report = dataset.examine(home, kind="hog")
for fault in report.faults:
    print(f"{fault.kind}: {fault.text}")
    print(f"    What to do: {fault.advice}")

# %% [markdown]
# ### Your own photographs (optional)
#
# Ten minutes with a telephone are enough: two kinds of things from your kitchen, each in twenty pictures, from
# several sides, on more than one background. Use the same background for **both** kinds, or the model will
# learn the tablecloth.
#
# - **On a laptop** copy them into `my pictures/cup` and `my pictures/plate` beside this notebook.
# - **On Colab** put both folders into a zip file, and run
#
# ```python
# from google.colab import files
# import shutil
# name = next(iter(files.upload()))
# shutil.unpack_archive(name, "my pictures")
# ```
#
# Then set `home = Path("my pictures")`, and go on. iPhones save HEIC by default, which most loaders cannot
# read: choose "most compatible" in the camera's settings. The examiner names such files.
#
# ## Label
#
# Folders are one way to label. It is a slow one, and a mistake in moving a file leaves no trace. A **labelling
# tool** shows one picture after the other, and you press a key. A good one saves each decision before it shows
# the next picture, goes on where you stopped, and takes the last decision back.

# %%
labelling.play(pictures, CLASSES)

# %% [markdown]
# Click on the tool once, and use the keys. This one plays with the pictures of this page and **saves nothing**.
# With a running notebook use the real one:
#
# ```python
# labelling.labeller("my pictures", ("cup", "plate"), by="anna")
# ```
#
# It writes `labels/anna.csv`: time, path, label, one line for each decision, nothing ever replaced. So a crash
# costs you nothing, and you can see afterwards how often you changed your mind. (On Colab:
# `%pip install anywidget` first.)
#
# **Before the first picture, write the guideline**: half a page that says what each class means, with a picture
# of a border case each. Is a drawing of a cat a cat? Half a dog behind a fence? What is done with a picture
# that shows both? If you decide that while you label, you decide it differently on Monday and on Friday. And
# allow an answer for "I cannot tell": a guess looks like knowledge later.
#
# ## A second labeller
#
# How good are your labels? You cannot ask the truth. You can ask a **second person**, who has the guideline and
# does not see your labels. What follows is *simulated*, so that we know what is true: two people look at 100
# pictures of cats and dogs, and each is wrong about 10 in 100, independently of each other.

# %%
def two_people(dice, n=100, cats=0.5, wrong=0.1):
    """Labels of two people who are both wrong now and then."""
    truth = np.where(dice.random(n) < cats, "cat", "dog")
    other = np.where(truth == "cat", "dog", "cat")
    paths = [f"{number:03d}.png" for number in range(n)]
    people = (np.where(dice.random(n) < wrong, other, truth) for _ in range(2))
    return [dict(zip(paths, given, strict=True)) for given in people]


anna, ben = two_people(np.random.default_rng(0))
both = labelling.agreement(anna, ben)
print(both)
print("differ on:", *(path for path, _, _ in both.differ[:5]), "...")

# %% [markdown]
# They agree on some 80 %, and yet each of them is right in 90 %. Is 80 % much? Two people who label with their
# **eyes closed** agree as well, in half of the cases if there are two classes of the same size. **Cohen's
# kappa** is the part of the way from chance $p_e$ to full agreement that was reached:
#
# $$\kappa = \frac{p_o - p_e}{1 - p_e}, \qquad p_e = \sum_c a_c\, b_c,$$
#
# where $p_o$ is the share on which they agree, and $a_c$, $b_c$ the shares in which each gives the label $c$.
# It is 1 for people who always agree, and about 0 for people with their eyes closed.
#
# > **Predict, then run.** Now 95 of 100 pictures show cats. The people are as careful as before: 10 % of their
# > labels are wrong. Will the agreement change? Will kappa?

# %%
def simulated(cats, n=100):
    """Mean agreement and mean kappa of many pairs of people."""
    dice = np.random.default_rng(1)
    every = [labelling.agreement(*two_people(dice, n, cats))
             for _ in range(TABLES)]
    kappas = np.array([each.kappa for each in every])
    return np.mean([each.observed for each in every]), np.nanmean(kappas)


balance = {cats: simulated(cats) for cats in (0.5, 0.8, 0.95)}
for cats, (share, kappa) in balance.items():
    print(f"{cats:.0%} cats: agreement {share:.0%}, kappa {kappa:.2f}")

# %% [markdown]
# The agreement stays and kappa falls. It is no fault of the people: where nearly all pictures show cats,
# agreeing is easy, and the few dogs, about which you would like to know, are drowned by mistakes about cats.
# So kappas of data sets with different class sizes cannot be compared. **Report both, and the table.**
#
# ### How sure is a kappa?
#
# Kappa comes from a sample of pictures, so it has an interval. `labelling.agreement` uses the formula of
# Fleiss, Cohen and Everitt (1969).
#
# > **Predict, then run.** With 100 pictures the interval of kappa was about ±0.15 wide. How many pictures must
# > both people label for ±0.04?

# %%
SIZES = (25, 100, 400, 1600)
widths, covered = [], []
for n in SIZES:
    dice = np.random.default_rng(2)
    every = [labelling.agreement(*two_people(dice, n)) for _ in range(TABLES)]
    ends = np.array([each.interval for each in every])
    widths.append(np.mean(ends[:, 1] - ends[:, 0]) / 2)
    agreed = 0.9 * 0.9 + 0.1 * 0.1  # both are right, or both are wrong
    true = (agreed - 0.5) / 0.5
    covered.append(np.mean((ends[:, 0] <= true) & (true <= ends[:, 1])))
    print(f"{n:5,} pictures: kappa ± {widths[-1]:.2f}; "
          f"{covered[-1]:.0%} of the intervals hold the true value")

# %%
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.loglog(SIZES, widths, "o-", color=plots.COLOURS[0])
ax.set(xlabel="pictures that both people have labelled",
       ylabel="half of the interval's width",
       title="Four times the pictures, half the interval")
ax.set_xticks(SIZES, [f"{n:,}" for n in SIZES])
ax.set_yticks((0.04, 0.08, 0.15, 0.3), ("0.04", "0.08", "0.15", "0.30"))
ax.minorticks_off()
plots.show(fig, alt="Half the width of kappa's interval against the number of "
           "pictures, both axes logarithmic, a falling straight line: "
           + "; ".join(f"{n} pictures {w:.2f}"
                       for n, w in zip(SIZES, widths, strict=True)) + ".")

# %% [markdown]
# Four times as many pictures halve the interval, as always with samples. So a second person need not label
# everything. A few hundred pictures, drawn at random, say how far the labels can be trusted.
#
# **And where they differ?** Do not toss a coin. Look at these pictures together. Some are slips: correct them.
# The others show where the guideline is silent: complete it, and label that kind again. What remains is hard for
# people, and you should not expect more from a model.
#
# **Try it.** Change `wrong` to 0.02 and to 0.3. What happens to kappa? Then label the pictures above with a
# neighbour, each with a name of their own, and compare the two files with `labelling.agreement`.
#
# ## Self-test
#
# **1.** A photograph is on a public page without a word about terms. What may you assume?
#
# (a) it is free to use; (b) nothing: ask, or leave it out; (c) it is free for teaching
#
# <details><summary>Answer</summary>
#
# **(b).** Without a licence the maker keeps all rights. (a) Public means that you may look. (c) Exceptions for
# teaching exist in some countries, for some uses; they are no licence to pass the picture on.
# </details>
#
# **2.** You collect ten times as many pictures under the same hashtag. What improves?
#
# (a) the interval of the test accuracy; (b) whom the pictures stand for; (c) both of these things
#
# <details><summary>Answer</summary>
#
# **(a).** More pictures make the estimate sharper, for pictures *of this hashtag*. (b), (c) Those who do not post
# are still missing.
# </details>
#
# **3.** Two people agree on 95 % of the pictures, and kappa is 0.1. What is the likeliest reason?
#
# (a) they guess; (b) an error in the formula; (c) nearly all pictures are of one class
#
# <details><summary>Answer</summary>
#
# **(c).** Agreement by chance is then nearly 95 %, too. (a) People who guess evenly would agree on half. (b) The
# formula does what it should: little was left to agree on beyond chance.
# </details>
#
# **4.** Both people make the *same* mistakes, because the guideline is wrong. What does kappa say?
#
# (a) it is low; (b) it is high; (c) it is negative
#
# <details><summary>Answer</summary>
#
# **(b).** Kappa measures agreement and not truth. (a) would need mistakes that differ. (c) means less agreement
# than by chance.
# </details>
#
# ## Take-aways
#
# 1. Write licence, source, consent and series down for each picture when you take it.
# 2. A collection is a sample of somebody: say of whom, and draw from more than one place.
# 3. Write the guideline first, and allow "I cannot tell".
# 4. Let a second person label some hundred pictures; report agreement, kappa with its interval, and the table.
# 5. Kappa depends on the sizes of the classes, and it does not see mistakes that both make.
#
# ## References
#
# - A. Torralba, A. A. Efros (2011). Unbiased look at dataset bias. *CVPR*, 1521–1528.
#   https://doi.org/10.1109/CVPR.2011.5995347
# - J. Cohen (1960). A coefficient of agreement for nominal scales. *Educational and Psychological
#   Measurement* 20(1), 37–46. https://doi.org/10.1177/001316446002000104
# - J. L. Fleiss, J. Cohen, B. S. Everitt (1969). Large sample standard errors of kappa and weighted kappa.
#   *Psychological Bulletin* 72(5), 323–327. https://doi.org/10.1037/h0028106
# - T. Gebru, J. Morgenstern, B. Vecchione, J. W. Vaughan, H. Wallach, H. Daumé III, K. Crawford (2021). Datasheets
#   for datasets. *Communications of the ACM* 64(12), 86–92. https://doi.org/10.1145/3458723

# %% tags=["remove-cell"]
from helpers.record import record

record(pictures=len(found), faults=[fault.kind for fault in report.faults],
       agreement={"both": both.both, "observed": both.observed,
                  "kappa": both.kappa, "interval": both.interval},
       balance=[{"cats": cats, "agreement": share, "kappa": kappa}
                for cats, (share, kappa) in balance.items()],
       sizes=[{"pictures": n, "half": w, "covered": c}
              for n, w, c in zip(SIZES, widths, covered, strict=True)])
