"""Plausible mistakes of week 5: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def ranking(*, mean="float(np.mean(values))", spread="float(np.std(values, ddof=1))",
            order="sorted(table, key=lambda row: (math.isnan(row[1]), sign * row[1]))"):
    """A wrong `ranked_table`."""
    return answer("ranked_table(runs, larger_is_better=True)", f"""
        table = [(name, {mean}, {spread}) for name, values in runs.items()]
        sign = -1 if larger_is_better else 1
        return {order}
    """)


def interval(*, ddof=1, over_a="len(a)", over_b="len(b)", probability="0.975",
             degrees="(va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))",
             factor="t_quantile({probability}, degrees)", error="math.sqrt(va + vb)",
             difference="np.mean(a) - np.mean(b)", result="difference - half, difference + half"):
    """A wrong `difference_interval`."""
    return answer("difference_interval(a, b)", f"""
        va, vb = np.var(a, ddof={ddof}) / {over_a}, np.var(b, ddof={ddof}) / {over_b}
        degrees = {degrees}
        half = {factor.format(probability=probability)} * {error}
        difference = float({difference})
        return {result}
    """)


def ties(*, table="ranked_table(runs, larger_is_better)", start="names[:1]", told="low <= 0 <= high",
         pair="runs[names[0]], runs[name]", others="names[1:]", result="tied"):
    """A wrong `tied_with_best`."""
    return answer("tied_with_best(runs, larger_is_better=True)", f"""
        names = [name for name, _, _ in {table}]
        tied = {start}
        for name in {others}:
            low, high = difference_interval({pair})
            if {told}:
                tied.append(name)
        return {result}
    """)


def lattice(*, k="max(i for i in range(1, budget + 1) if i ** len(space) <= budget)",
            log="np.geomspace(low, high, k) if k > 1 else [math.sqrt(low * high)]",
            linear="np.linspace(low, high, k) if k > 1 else [(low + high) / 2]",
            combine="itertools.product(*axes)", wrap="dict(zip(space, values))"):
    """A wrong `grid`."""
    return answer("grid(space, budget)", f"""
        import itertools
        k = {k}
        axes = []
        for low, high, scale in space.values():
            axes.append(({log}) if scale == "log" else ({linear}))
        return [{wrap} for values in {combine}]
    """)


def draws(*, rng="np.random.default_rng(seed)", inner="pass", middle="pass",
          log="np.exp(rng.uniform(np.log(low), np.log(high)))", linear="rng.uniform(low, high)", count="budget",
          result="configurations"):
    """A wrong `random_search`."""
    return answer("random_search(space, budget, seed)", f"""
        rng = {rng}
        configurations = []
        for trial in range({count}):
            {middle}
            one = {{}}
            for name, (low, high, scale) in space.items():
                {inner}
                one[name] = float({log} if scale == "log" else {linear})
            configurations.append(one)
        return {result}
    """)


def so_far(body):
    """A wrong `incumbent`."""
    return answer("incumbent(values)", body)


def band(body):
    """A wrong `incumbent_band`."""
    return answer("incumbent_band(repeats)", body)


def rates(*, climb="peak * np.arange(1, warmup + 1) / max(warmup, 1)",
          share="np.arange(1, total - warmup + 1) / (total - warmup)",
          fall="floor + (peak - floor) / 2 * (1 + np.cos(np.pi * share))", result="np.concatenate([climb, fall])"):
    """A wrong `schedule`."""
    return answer("schedule(total, peak, warmup, floor=0.0)", f"""
        climb = {climb}
        share = {share}
        fall = {fall}
        return {result}
    """)


def rule(*, nobody="if not finished:\n            return False", mine="max(curve)", relation="<",
         theirs="np.median([other[len(curve) - 1] for other in finished])"):
    """A wrong `should_stop`."""
    return answer("should_stop(curve, finished)", f"""
        {nobody}
        return bool({mine} {relation} {theirs})
    """)


def replay(*, asked="range(warmup + 1, len(curve))", ready="len(finished) >= startup", part="curve[:epoch]",
           stopped="epoch", ended="if epochs == len(curve):\n                finished.append(curve)",
           others="finished", result="run"):
    """A wrong `epochs_run`."""
    return answer("epochs_run(curves, warmup, startup)", f"""
        finished, run = [], []
        for curve in np.asarray(curves).tolist():
            epochs = len(curve)
            if {ready}:
                for epoch in {asked}:
                    if should_stop({part}, {others}):
                        epochs = {stopped}
                        break
            {ended}
            run.append(epochs)
        return {result}
    """)


def study(*, direction="maximize", sampler="optuna.samplers.TPESampler(seed=seed + done)", storage="storage", name="name",
          load="True", log='scale == "log"', value="evaluate(task, configuration)", trials="budget - done",
          result='{"params": study.best_params, "value": study.best_value, '
                 '"trials": [(trial.params, trial.value) for trial in study.trials]}'):
    """A wrong `bayesian_search`."""
    return answer('bayesian_search(task, budget, seed, storage=None, name="search")', f"""
        study = optuna.create_study(
            direction="{direction}", storage={storage}, study_name={name}, load_if_exists={load}
        )
        done = len(study.trials)
        study.sampler = {sampler}

        def objective(trial):
            configuration = {{
                key: trial.suggest_float(key, low, high, log={log})
                for key, (low, high, scale) in task["space"].items()
            }}
            return {value}

        if {trials} > 0:
            study.optimize(objective, n_trials={trials})
        return {result}
    """)


def thrift(*, limit="mean - spread / math.sqrt(len(validation[best]))", keep="row[1] >= limit",
           pick="min(good, key=lambda row: (cost[row[0]], -row[1]))[0]"):
    """A wrong `one_standard_error`."""
    return answer("one_standard_error(validation, cost)", f"""
        best, mean, spread = ranked_table(validation)[0]
        limit = {limit}
        good = [row for row in ranked_table(validation) if {keep}]
        return {pick}
    """)


def report(*, choice="one_standard_error(validation, cost)", runs="np.array(test[choice])",
           factor="t_quantile(0.975, len(runs) - 1)", spread="runs.std(ddof=1)", root="math.sqrt(len(runs))",
           mean="float(np.mean(validation[choice]))", test="float(np.mean(test[choice]))",
           interval="(float(runs.mean() - half), float(runs.mean() + half))"):
    """A wrong `final_report`."""
    return answer("final_report(validation, test, cost)", f"""
        choice = {choice}
        runs = {runs}
        half = {factor} * {spread} / {root}
        return {{
            "choice": choice,
            "validation": {mean},
            "test": {test},
            "interval": {interval},
        }}
    """)


TABLE, ORDER, APART, TIES = "ranked_table_test", "ranked_table_order_test", "difference_interval_test", "tied_with_best_test"
GRID, BUDGET = "grid_test", "grid_budget_test"
DRAWS, FREE = "random_search_test", "random_search_independent_test"
BEST, BAND = "incumbent_test", "incumbent_band_test"
WARM, COSINE = "schedule_warmup_test", "schedule_cosine_test"
RULE, REPLAY = "should_stop_test", "epochs_run_test"
STUDY, LEARNS, KEPT = "bayesian_search_test", "bayesian_search_learns_test", "bayesian_search_storage_test"
THRIFT, REPORT, INTERVAL = "one_standard_error_test", "final_report_test", "final_report_interval_test"

WRONG = {
    "ranked_table": {
        "divisor n": (ranking(spread="float(np.std(values))"), [TABLE], "Divide by n - 1"),
        "variance": (ranking(spread="float(np.var(values, ddof=1))"), [TABLE], "Take its square root"),
        "standard error": (
            ranking(spread="float(np.std(values, ddof=1) / math.sqrt(len(values)))"), [TABLE], "The spread of the RUNS"),
        "the best run": (ranking(mean="float(np.max(values))"), [TABLE], "The best of several runs is mostly luck"),
        "median": (ranking(mean="float(np.median(values))"), [TABLE], "The mean is asked for"),
        "drops the runs that diverged": (
            ranking(mean="float(np.nanmean(values))", order="sorted(table, key=lambda r: sign * r[1])"),
            [ORDER], "A method with a diverged run (NaN) goes to the end"),
        "sorts NaN as if it were a number": (
            ranking(order="sorted(table, key=lambda row: sign * row[1])"), [ORDER], "let the sort look at math.isnan first"),
        "worst first": (ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), row[1]))"),
                        [ORDER], "that is the worst first"),
        "ignores larger_is_better": (
            ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), -row[1]))"),
            [ORDER], "For losses the smallest mean is the best"),
        "turned round, ties too": (
            ranking(order="sorted(table, key=lambda row: row[1])[:: -1 if larger_is_better else 1]"),
            [ORDER], "b was given first"),
        "not sorted": (ranking(order="table"), [ORDER], "Best first"),
        "a dictionary": (ranking(order="{row[0]: row[1:] for row in table}"), [TABLE], "three things for each method"),
    },
    "difference_interval": {
        "normal quantile": (interval(factor="1.96"), [APART], "the spread itself is uncertain"),
        "one-sided": (interval(probability="0.95"), [APART], "on EACH side"),
        "pooled degrees of freedom": (interval(degrees="len(a) + len(b) - 2"), [APART], "take Welch's f"),
        "spreads, not errors": (interval(over_a="1", over_b="1"), [APART], "divide by the number of runs"),
        "divisor n": (interval(ddof=0), [APART], "Sample variances divide by n - 1"),
        "errors added": (interval(error="(math.sqrt(va) + math.sqrt(vb))"), [APART], "errors do not"),
        "b minus a": (interval(difference="np.mean(b) - np.mean(a)"), [APART], "What is subtracted from what?"),
        "high first": (interval(result="difference + half, difference - half"), [APART], "Low first"),
        "middle and half width": (interval(result="difference, half"), [APART], "difference_interval(a, b)"),
        "no root": (interval(error="(va + vb)"), [APART], "difference_interval(a, b)"),
    },
    "tied_with_best": {
        "only the best": (ties(others="[]"), [TIES], "They are not told apart from the best one"),
        "the others only": (ties(start="[]"), [TIES], "the best method itself"),
        "the wrong way round": (ties(told="not low <= 0 <= high"), [TIES], "Does the interval of the difference contain 0?"),
        "compares neighbours": (
            ties(pair="runs[names[names.index(name) - 1]], runs[name]"), [TIES], "not with the neighbour"),
        "overlapping spreads": (
            answer("tied_with_best(runs, larger_is_better=True)", """
                table = ranked_table(runs, larger_is_better)
                best = table[0]
                return [name for name, mean, spread in table if abs(mean - best[1]) <= 2.5 * (spread + best[2])]
            """), [TIES], "all of their runs are lower"),
        "in the order given": (ties(result="[name for name in runs if name in tied]"), [TIES], "In the order of the table"),
        "ignores larger_is_better": (ties(table="ranked_table(runs)"), [TIES], "With losses the smallest mean is the best"),
    },
    "grid": {
        "pairs": (lattice(combine="zip(*axes)"), [GRID, BUDGET], "EVERY learning rate goes with every momentum"),
        "equal steps on a log scale": (
            lattice(log="np.linspace(low, high, k) if k > 1 else [math.sqrt(low * high)]"), [GRID], "the same MULTIPLE"),
        "exponents": (
            lattice(log="np.linspace(np.log10(low), np.log10(high), k) if k > 1 else [math.sqrt(low * high)]"),
            [GRID], "A learning rate is 10 to that power"),
        "logspace of the ends": (lattice(log="np.logspace(low, high, k)"), [GRID, BUDGET], "np.geomspace takes the ends"),
        "without the upper ends": (
            lattice(log="np.geomspace(low, high, k, endpoint=False)", linear="np.linspace(low, high, k, endpoint=False)"),
            [GRID, BUDGET], "Both ends belong to the grid"),
        "budget for each hyperparameter": (lattice(k="budget"), [GRID, BUDGET], "The budget counts COMBINATIONS"),
        "budget shared out by division": (lattice(k="budget // len(space)"), [GRID, BUDGET], "The budget counts COMBINATIONS"),
        "root cut off": (lattice(k="int(budget ** (1 / len(space)))"), [BUDGET], "int() cuts it to 3"),
        "root rounded": (lattice(k="round(budget ** (1 / len(space)))"), [BUDGET], "nobody pays for"),
        "root rounded up": (lattice(k="math.ceil(budget ** (1 / len(space)))"), [BUDGET], "beyond the budget"),
        "the lower end alone": (
            lattice(log="np.geomspace(low, high, k)", linear="np.linspace(low, high, k)"),
            [BUDGET], "A single value belongs in the middle"),
        "the arithmetic middle": (
            lattice(log="np.geomspace(low, high, k) if k > 1 else [(low + high) / 2]"), [BUDGET], "On a log scale the middle"),
        "the first ones of a larger grid": (
            lattice(k="math.ceil(round(budget ** (1 / len(space)), 9))").replace("product(*axes)]", "product(*axes)][:budget]"),
            [BUDGET], "The largest k with k ** d <= budget"),
        "lists, not dictionaries": (lattice(wrap="list(values)"), [GRID, BUDGET], "should be a dict with the keys"),
    },
    "random_search": {
        "uniform on a log scale": (draws(log="rng.uniform(low, high)"), [DRAWS], "Draw the LOGARITHM uniformly"),
        "two different bases": (draws(log="np.exp(rng.uniform(np.log10(low), np.log10(high)))"),
                                [DRAWS], "have the same base"),
        "exponents of the ends": (draws(log="10 ** rng.uniform(low, high)"), [DRAWS], "wants LOGARITHMS of the ends"),
        "a log scale for all": (draws(linear="np.exp(rng.uniform(np.log(low + 1e-9), np.log(high)))"),
                                [DRAWS], "Its scale is linear"),
        "from 0 to 1": (draws(linear="rng.uniform()"), [DRAWS], "its range is 0.5 to 0.9"),
        "one too few": (draws(count="budget - 1"), [DRAWS], "the length of a list of budget 7"),
        "the generator made anew for each hyperparameter": (
            draws(inner="rng = np.random.default_rng(seed + trial)"), [FREE], "searches a line, not an area"),
        "the generator made anew for each trial": (
            draws(middle="rng = np.random.default_rng(seed)"), [DRAWS, FREE], "draw a new one for EACH configuration"),
        "no seed": (draws(rng="np.random.default_rng()"), [FREE], "Seed 5 gives two different lists"),
        "a fixed seed": (draws(rng="np.random.default_rng(0)"), [FREE], "is the seed used?"),
        "picked from a few values": (
            draws(log="rng.choice(np.geomspace(low, high, 12))", linear="rng.choice(np.linspace(low, high, 12))"),
            [FREE], "different values of"),
        "sorted": (draws(result="[dict(zip(space, v)) for v in zip(*(sorted(c[n] for c in configurations) for n in space))]"),
                   [FREE], "searches a line"),
        "in rows of an array": (draws(result="np.array([list(c.values()) for c in configurations])"),
                                [DRAWS, FREE], "expected a list of configurations"),
    },
    "incumbent": {
        "the best of all": (so_far("return np.full(len(values), np.nanmax(values))"), [BEST], "nobody knows of the fifth"),
        "NaN for ever": (so_far("return np.maximum.accumulate(np.array(values, dtype=float))"),
                         [BEST], "np.maximum passes NaN on"),
        "the smallest": (so_far("return np.fmin.accumulate(np.array(values, dtype=float))"), [BEST], "The larger the better"),
        "the mean so far": (so_far("v = np.array(values)\nreturn np.cumsum(v) / np.arange(1, len(v) + 1)"),
                            [BEST], "not the average"),
        "sorted": (so_far("return np.sort(np.array(values))"), [BEST], "Keep the order of the trials"),
        "0 before the first success": (
            so_far("return np.maximum.accumulate(np.nan_to_num(np.array(values, dtype=float)))"),
            [BEST], "Nothing has succeeded yet: NaN, not 0"),
        "minus infinity before the first success": (
            so_far("v = np.array(values, dtype=float)\nreturn np.maximum.accumulate(np.where(np.isnan(v), -np.inf, v))"),
            [BEST], "Nothing has succeeded yet: NaN"),
        "only one trial back": (
            so_far("v = np.array(values, dtype=float)\nreturn np.concatenate([v[:1], np.fmax(v[1:], v[:-1])])"),
            [BEST], "ALL trials so far count"),
    },
    "incumbent_band": {
        "the best of the mean": (
            band("return incumbent(repeats.mean(axis=0)), np.array([incumbent(r) for r in repeats]).std(axis=0, ddof=1)"),
            [BAND], "Nobody runs a mean"),
        "no incumbent": (band("return repeats.mean(axis=0), repeats.std(axis=0, ddof=1)"), [BAND], "Where is the best so far?"),
        "the best of all searches": (
            band("best = np.array([incumbent(r) for r in repeats])\nreturn best.max(axis=0), best.std(axis=0, ddof=1)"),
            [BAND], "take the mean"),
        "divisor n": (band("best = np.array([incumbent(r) for r in repeats])\nreturn best.mean(axis=0), best.std(axis=0)"),
                      [BAND], "ddof=1"),
        "spread of the accuracies": (
            band("return np.array([incumbent(r) for r in repeats]).mean(axis=0), repeats.std(axis=0, ddof=1)"),
            [BAND], "The spread of the INCUMBENTS"),
        "the wrong axis": (
            band("best = np.array([incumbent(r) for r in repeats])\nreturn best.mean(axis=1), best.std(axis=1, ddof=1)"),
            [BAND], "the mean of three incumbents"),
        "standard error": (
            band("best = np.array([incumbent(r) for r in repeats])\n"
                 "return best.mean(axis=0), best.std(axis=0, ddof=1) / math.sqrt(len(best))"),
            [BAND], "without the root of n"),
    },
    "schedule": {
        "begins at 0": (rates(climb="peak * np.arange(warmup) / max(warmup, 1)"),
                        [WARM], "A step with the rate 0 is a step wasted"),
        "from 0 to the peak": (rates(climb="np.linspace(0, peak, warmup)"), [WARM], "A step with the rate 0 is a step wasted"),
        "short of the peak": (rates(climb="peak * np.arange(1, warmup + 1) / (warmup + 1)"), [WARM], "Step w - 1 has the peak"),
        "no warm-up": (rates(climb="np.full(warmup, peak)"), [WARM], "The rate climbs in equal steps"),
        "the warm-up comes on top": (
            rates(share="np.arange(1, total + 1) / total"), [WARM, COSINE], "the shape of schedule(10"),
        "a line": (rates(fall="peak + (floor - peak) * share"), [COSINE], "Half a cosine, not a line"),
        "a whole wave": (rates(fall="floor + (peak - floor) / 2 * (1 + np.cos(2 * np.pi * share))"), [COSINE], "pi, not 2 pi"),
        "begins at the peak": (
            rates(share="np.arange(total - warmup) / (total - warmup)"), [COSINE], "the last step must reach the floor"),
        "from the peak to the floor": (
            rates(share="np.arange(total - warmup) / max(total - warmup - 1, 1)"),
            [COSINE], "The warm-up has had the peak already"),
        "over all the steps": (
            rates(share="np.arange(warmup + 1, total + 1) / total"), [COSINE], "The cosine begins after the warm-up"),
        "forgets the floor": (rates(fall="peak / 2 * (1 + np.cos(np.pi * share))"), [COSINE], "The last step has the floor"),
        "adds the floor": (
            rates(fall="floor + peak / 2 * (1 + np.cos(np.pi * share))"), [COSINE], "The height of the wave is peak minus floor"),
        "divides by a warm-up of 0": (
            rates(climb="np.array([peak * (t + 1) / warmup for t in range(warmup)] or [peak / warmup])"),
            [COSINE], "ZeroDivisionError"),
    },
    "should_stop": {
        "the mean": (rule(theirs="np.mean([other[len(curve) - 1] for other in finished])"), [RULE], "the MEDIAN after one epoch"),
        "the last accuracy": (rule(mine="curve[-1]"), [RULE], "Its BEST accuracy so far counts"),
        "the end of the others": (rule(theirs="np.median([other[-1] for other in finished])"),
                                  [RULE], "not with where they ended"),
        "the best of the others": (
            rule(theirs="np.max([other[len(curve) - 1] for other in finished])"), [RULE], "the largest is 0.6"),
        "one epoch too far": (
            rule(theirs="np.median([other[min(len(curve), len(other) - 1)] for other in finished])"),
            [RULE], "after ONE epoch"),
        "stops at a tie": (rule(relation="<="), [RULE], "Equal to the median is good enough"),
        "the wrong way round": (rule(relation=">"), [RULE], "0.1 is below the median"),
        "all epochs of the others": (
            rule(theirs="np.median([value for other in finished for value in other[:len(curve)]])"),
            [RULE], "below the median after two epochs"),
        "an element for the median": (
            rule(theirs="sorted(other[len(curve) - 1] for other in finished)[(len(finished) - 1) // 2]"),
            [RULE], "The median of two numbers lies in their middle"),
        "stops where nobody has finished": (
            rule(nobody="if not finished:\n            return True"), [RULE], "No trial has finished: go on"),
    },
    "epochs_run": {
        "stopped trials count as finished": (
            replay(ended="finished.append(curve)"), [REPLAY], "They have not finished"),
        "ignores the warm-up": (replay(asked="range(1, len(curve))"), [REPLAY], "A warm-up of 1: the first epoch"),
        "asks one epoch late": (replay(asked="range(warmup + 2, len(curve))"), [REPLAY], "epochs_run(curves, warmup=0"),
        "asks an epoch too early": (replay(asked="range(max(warmup, 1), len(curve))"), [REPLAY], "the first epoch of a trial"),
        "ignores startup": (replay(ready="True"), [REPLAY], "before TWO trials have finished"),
        "startup counts all trials": (replay(ready="len(run) > startup"), [REPLAY], "epochs_run(curves"),
        "counts from 0": (replay(stopped="epoch - 1"), [REPLAY], "epochs_run(curves"),
        "shows the rule the whole curve": (replay(part="curve"), [REPLAY], "epochs_run(curves"),
        "truth values": (replay(result="[epochs < len(curve) for epochs in run]"), [REPLAY], "epochs_run(curves"),
        "asks after the last epoch": (
            answer("epochs_run(curves, warmup, startup)", """
                finished, run = [], []
                for curve in np.asarray(curves).tolist():
                    epochs, stopped = len(curve), False
                    for epoch in range(warmup + 1, len(curve) + 1):
                        if len(finished) >= startup and should_stop(curve[:epoch], finished):
                            epochs, stopped = epoch, True
                            break
                    if not stopped:
                        finished.append(curve)
                    run.append(epochs)
                return run
            """), [REPLAY], "it HAS finished"),
    },
    "bayesian_search": {
        "minimises": (study(direction="minimize"), [STUDY, LEARNS], "told to MAXIMIZE"),
        "minimises minus the accuracy": (
            study(direction="minimize", value="-evaluate(task, configuration)"), [STUDY], "without a sign"),
        "a linear scale": (study(log="False"), [STUDY], "On a log scale it is about half of them"),
        "one trial too many": (study(trials="budget - done + 1"), [STUDY, KEPT], "not more and not fewer"),
        "the best trials only": (
            study(result='{"params": study.best_params, "value": study.best_value, "trials": '
                         "[(trial.params, trial.value) for trial in study.best_trials]}"),
            [STUDY, KEPT], "not more and not fewer"),
        "the last trial for the best": (
            study(result='{"params": study.trials[-1].params, "value": study.trials[-1].value, '
                         '"trials": [(trial.params, trial.value) for trial in study.trials]}'), [STUDY], "the best accuracy"),
        "the study itself": (study(result="study"), [STUDY], "should return a dict"),
        "random, not TPE": (
            study(sampler="optuna.samplers.RandomSampler(seed=seed + done)"), [LEARNS], "Is the sampler a TPESampler?"),
        "no seed": (study(sampler="optuna.samplers.TPESampler()"), [LEARNS], "pass the seed to the sampler"),
        "a fixed seed": (study(sampler="optuna.samplers.TPESampler(seed=0 + done)"), [LEARNS], "is the seed used?"),
        "the same seed after a restart": (
            study(sampler="optuna.samplers.TPESampler(seed=seed)"), [KEPT], "the sampler draws the same numbers again"),
        "budget on top": (study(trials="budget"), [KEPT], "run only the 6 that are missing"),
        "in memory only": (study(storage="None"), [KEPT], "is the study kept in `storage`"),
        "does not load": (study(load="False"), [KEPT], "already exists"),
        "a name of its own": (study(name='"mine"', storage="storage"), [KEPT], "trials"),
        "new trials only": (
            study(result='{"params": study.best_params, "value": study.best_value, '
                         '"trials": [(trial.params, trial.value) for trial in study.trials[done:]]}'),
            [KEPT], "list them all"),
        "a study for each seed": (
            study(name='f"{name} {seed}"'), [KEPT], "does not begin with the 4 trials"),
    },
    "one_standard_error": {
        "the best": (thrift(pick="best"), [THRIFT], "a cheaper one is within one standard error"),
        "the cheapest": (thrift(keep="True"), [THRIFT], "far from good"),
        "one spread": (thrift(limit="mean - spread"), [THRIFT], "The limit is one standard ERROR of the best"),
        "the candidate's own error": (
            thrift(keep="row[1] + row[2] / math.sqrt(len(validation[row[0]])) >= mean"),
            [THRIFT], "not an error of the candidate"),
        "the first that is good": (thrift(pick="good[-1][0]"), [THRIFT], "take b, the better one"),
        "the worse of two that cost the same": (
            thrift(pick="min(good, key=lambda row: (cost[row[0]], row[1]))[0]"), [THRIFT], "take b, the better one"),
        "the dearest": (thrift(pick="max(good, key=lambda row: cost[row[0]])[0]"), [THRIFT], "a cheaper one is within"),
        "the row, not the name": (thrift(pick="min(good, key=lambda row: (cost[row[0]], -row[1]))"),
                                  [THRIFT], "should return a name"),
    },
    "final_report": {
        "chooses on the test": (
            report(choice="max(test, key=lambda name: np.mean(test[name]))"), [REPORT], "shines on the test images only"),
        "chooses by the rule, on the test": (
            report(choice="one_standard_error(test, cost)"), [REPORT], "shines on the test images only"),
        "the best mean": (report(choice="ranked_table(validation)[0][0]"), [REPORT], "good is as good, and cheaper"),
        "the best test run": (report(test="float(runs.max())"), [REPORT], "The mean test accuracy of the chosen"),
        "the test of all": (report(test="float(np.mean(list(test.values())))"), [REPORT], "of no other"),
        "reports validation as test": (report(runs="np.array(validation[choice])", test="float(runs.mean())"),
                                       [REPORT, INTERVAL], "They have been used to choose"),
        "normal quantile": (report(factor="1.96"), [INTERVAL], "t_quantile(0.975, n - 1)"),
        "one-sided": (report(factor="t_quantile(0.95, len(runs) - 1)"), [INTERVAL], "on EACH side"),
        "n degrees of freedom": (report(factor="t_quantile(0.975, len(runs))"), [INTERVAL], "goes to the mean"),
        "no root of n": (report(root="1"), [INTERVAL], "the mean is surer than a run"),
        "divisor n": (report(spread="runs.std()"), [INTERVAL], "ddof=1"),
        "one standard error": (report(factor="1"), [INTERVAL], "Where is t?"),
        "the half width": (report(interval="float(half)"), [INTERVAL], "should be a pair of numbers"),
    },
}
