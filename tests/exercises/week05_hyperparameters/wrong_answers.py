"""Answers to week 5: wrong ones, which lose points and read something that helps, and right ones in other styles, which do not.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


ASK_ALONE = """def ask_alone(name, *arguments):
    return with_stand_ins(globals(), name, arguments)


"""


def ranking(*, mean="float(np.mean(values))", spread="float(np.std(values, ddof=1))",
            order="sorted(table, key=lambda row: (math.isnan(row[1]), sign * row[1]))"):
    """A wrong `ranked_table`."""
    return ASK_ALONE + answer("ranked_table(runs, larger_is_better=True)", f"""
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


def together(result):
    """A wrong `incumbent_band` that gives something else of the right incumbents."""
    return band(f"""
        n = max(map(len, repeats))
        whole = np.array([list(r) + [r[-1]] * (n - len(r)) for r in repeats])
        best = np.array([np.pad(incumbent(r), (0, n - len(r)), mode="edge") for r in repeats])
        return {result}
    """)


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


LEAVE_BEHIND = """

def leave_behind(task, storage, name):
    study = optuna.load_study(study_name=name, storage=storage)
    for kind in ("failed", "running", "empty"):
        trial = study.ask()
        if kind != "empty":
            for key, (low, high, scale) in task["space"].items():
                trial.suggest_float(key, low, high, log=scale == "log")
        if kind == "failed":
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
"""


def study(*, direction="maximize", sampler="optuna.samplers.TPESampler(seed=seed + done)", storage="storage", name="name",
          load="True", log='scale == "log"', value="evaluate(task, configuration)", trials="budget - done",
          counted="study.get_trials(states=[optuna.trial.TrialState.COMPLETE])", listed="", best="study.best_params",
          top="study.best_value", result='{"params": %s, "value": %s, "trials": [(t.params, t.value) for t in listed]}'):
    """A wrong `bayesian_search`."""
    shown = result % (best, top) if "%s" in result else result
    return answer('bayesian_search(task, budget, seed, storage=None, name="search")', f"""
        study = optuna.create_study(
            direction="{direction}", storage={storage}, study_name={name}, load_if_exists={load}
        )
        done = len({counted})
        study.sampler = {sampler}

        def objective(trial):
            configuration = {{
                key: trial.suggest_float(key, low, high, log={log})
                for key, (low, high, scale) in task["space"].items()
            }}
            return {value}

        if {trials} > 0:
            study.optimize(objective, n_trials={trials})
        listed = {listed or counted}
        return {shown}
    """) + LEAVE_BEHIND


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


def both(name):
    """The visible and the hidden test of a part."""
    return [f"{name}_test", f"{name}_hidden_test"]


TABLE, ORDER = both("ranked_table"), both("ranked_table_order")
APART, TIES = both("difference_interval"), both("tied_with_best")
GRID, BUDGET = both("grid"), both("grid_budget")
DRAWS, RATES = both("random_search"), both("schedule")
BEST, BAND = both("incumbent"), both("incumbent_band")
RULE, REPLAY = both("should_stop"), both("epochs_run")
STUDY, LEARNS = both("bayesian_search"), both("bayesian_search_learns")
KEPT, THRIFT = both("bayesian_search_storage"), both("one_standard_error")
REPORT, INTERVAL = both("final_report"), both("final_report_interval")

SLOW = {"bayesian_search"}  # see `gate.answers_to_run`

WRONG = {
    "ranked_table": {
        "ties by the spread": (
            ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), sign * row[1], row[2]))"),
            ORDER, "have the same mean: they keep the order"),
        "ties by the name": (
            ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), sign * row[1], row[0]))"),
            ORDER, "they keep the order"),
        "by the spread": (ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), row[2]))"), ORDER, ""),
        "diverged runs left out of the mean": (
            ranking(mean="float(np.nanmean(values))",
                    order="sorted(table, key=lambda row: (any(map(math.isnan, runs[row[0]])), sign * row[1]))"),
            ORDER, "Leaving the run out would reward"),
        "diverged methods left out": (
            ranking(order="sorted((r for r in table if not math.isnan(r[1])), key=lambda r: sign * r[1])"), ORDER, ""),
        "diverged methods first": (
            ranking(order="sorted(table, key=lambda row: (not math.isnan(row[1]), sign * row[1]))"), ORDER, ""),
        "diverged methods sorted by name": (
            ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), *((row[0],) if math.isnan(row[1]) else "
                          "(sign * row[1],))))"), ORDER, "in the order given"),
        "the median of the distances": (
            ranking(spread="float(np.median(np.abs(np.subtract(values, np.mean(values)))))"), TABLE, ""),
        "the mean distance": (
            ranking(spread="float(np.mean(np.abs(np.subtract(values, np.mean(values)))))"), TABLE, ""),
        "divisor n": (ranking(spread="float(np.std(values))"), TABLE, "Divide by n - 1"),
        "variance": (ranking(spread="float(np.var(values, ddof=1))"), TABLE, "Take its square root"),
        "standard error": (
            ranking(spread="float(np.std(values, ddof=1) / math.sqrt(len(values)))"), TABLE, "The spread of the RUNS"),
        "the best run": (ranking(mean="float(np.max(values))"), TABLE, "The best of several runs is mostly luck"),
        "median": (ranking(mean="float(np.median(values))"), TABLE, "The mean is asked for"),
        "drops the runs that diverged": (
            ranking(mean="float(np.nanmean(values))", order="sorted(table, key=lambda r: sign * r[1])"),
            ORDER, "A method with a diverged run (NaN) goes to the end"),
        "sorts NaN as if it were a number": (
            ranking(order="sorted(table, key=lambda row: sign * row[1])"), ORDER, "let the sort look at math.isnan first"),
        "worst first": (ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), row[1]))"),
                        ORDER, "that is the worst first"),
        "ignores larger_is_better": (
            ranking(order="sorted(table, key=lambda row: (math.isnan(row[1]), -row[1]))"),
            ORDER, "For losses the smallest mean is the best"),
        "turned round, ties too": (
            ranking(order="sorted(table, key=lambda row: row[1])[:: -1 if larger_is_better else 1]"),
            ORDER, "b was given first"),
        "not sorted": (ranking(order="table"), ORDER, "Best first"),
        "a dictionary": (ranking(order="{row[0]: row[1:] for row in table}"), TABLE, "three things for each method"),
    },
    "difference_interval": {
        "two single intervals added": (
            interval(factor="1.0", error="(t_quantile(0.975, len(a) - 1) * va**0.5 + t_quantile(0.975, len(b) - 1) * vb**0.5)"),
            APART, ""),
        "the smaller degrees of freedom": (interval(degrees="min(len(a), len(b)) - 1"), APART, ""),
        "degrees rounded": (interval(degrees="round((va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1)))"), APART, ""),
        "a pooled variance": (
            interval(error="math.sqrt((np.var(a, ddof=1) * (len(a) - 1) + np.var(b, ddof=1) * (len(b) - 1)) / "
                           "(len(a) + len(b) - 2) * (1 / len(a) + 1 / len(b)))", degrees="len(a) + len(b) - 2"), APART, ""),
        "half the width": (interval(result="difference - half / 2, difference + half / 2"), APART, "plus and minus t times"),
        "medians": (interval(difference="np.median(a) - np.median(b)"), APART, ""),
        "a 99 % interval": (interval(probability="0.995"), APART, ""),
        "normal quantile": (interval(factor="1.96"), APART, "the spread itself is uncertain"),
        "one-sided": (interval(probability="0.95"), APART, "on EACH side"),
        "pooled degrees of freedom": (interval(degrees="len(a) + len(b) - 2"), APART, "take Welch's f"),
        "spreads, not errors": (interval(over_a="1", over_b="1"), APART, "divide by the number of runs"),
        "divisor n": (interval(ddof=0), APART, "Sample variances divide by n - 1"),
        "errors added": (interval(error="(math.sqrt(va) + math.sqrt(vb))"), APART, "errors do not"),
        "b minus a": (interval(difference="np.mean(b) - np.mean(a)"), APART, "What is subtracted from what?"),
        "high first": (interval(result="difference + half, difference - half"), APART, "Low first"),
        "middle and half width": (interval(result="difference, half"), APART, "difference_interval(a, b)"),
        "no root": (interval(error="(va + vb)"), APART, "difference_interval(a, b)"),
    },
    "tied_with_best": {
        "single intervals overlap": (
            answer("tied_with_best(runs, larger_is_better=True)", """
                ends = {}
                for name, mean, spread in ranked_table(runs, larger_is_better):
                    half = t_quantile(0.975, len(runs[name]) - 1) * spread / math.sqrt(len(runs[name]))
                    ends[name] = mean - half, mean + half
                low, high = next(iter(ends.values()))
                return [name for name, (a, b) in ends.items() if a <= high and low <= b]
            """), TIES, "Two intervals of single means may overlap"),
        "half the interval": (
            ties(told="abs((low + high) / 2) <= (high - low) / 4"), TIES, "lagging reaches from -0.007 to 0.062"),
        "the normal factor": (
            ties(told="abs(np.mean(runs[names[0]]) - np.mean(runs[name])) <= 1.96 * math.sqrt("
                      "np.var(runs[names[0]], ddof=1) / len(runs[names[0]]) + np.var(runs[name], ddof=1) / len(runs[name]))"),
            TIES, "lagging reaches"),
        "the best one's interval": (
            ties(told="abs(np.mean(runs[names[0]]) - np.mean(runs[name])) <= t_quantile(0.975, len(runs[names[0]]) - 1) "
                      "* np.std(runs[names[0]], ddof=1) / math.sqrt(len(runs[names[0]]))"), TIES, ""),
        "the mean within the best one's spread": (
            ties(told="abs(np.mean(runs[names[0]]) - np.mean(runs[name])) <= np.std(runs[names[0]], ddof=1)"), TIES, ""),
        "stops at the first that is told apart": (ties(told="low <= 0 <= high and len(tied) == names.index(name)"), TIES[:1], ""),
        "corrected for all comparisons": (
            ties(told="abs((low + high) / 2) <= (high - low) / 2 * 1.5"), TIES, ""),
        "names and means": (ties(result="[(name, float(np.mean(runs[name]))) for name in tied]"), TIES, ""),
        "only the best": (ties(others="[]"), TIES, "They are not told apart from the best one"),
        "the others only": (ties(start="[]"), TIES, "the best method itself"),
        "the wrong way round": (ties(told="not low <= 0 <= high"), TIES, "Does the interval of the difference contain 0?"),
        "compares neighbours": (
            ties(pair="runs[names[names.index(name) - 1]], runs[name]"), TIES, "not with the neighbour"),
        "overlapping spreads": (
            answer("tied_with_best(runs, larger_is_better=True)", """
                table = ranked_table(runs, larger_is_better)
                best = table[0]
                return [name for name, mean, spread in table if abs(mean - best[1]) <= 2.5 * (spread + best[2])]
            """), TIES, "all of their runs are lower"),
        "in the order given": (ties(result="[name for name in runs if name in tied]"), TIES, "In the order of the table"),
        "ignores larger_is_better": (ties(table="ranked_table(runs)"), TIES, "With losses the smallest mean is the best"),
    },
    "grid": {
        "one value too many": (
            lattice(k="1 + max(i for i in range(1, budget + 1) if i ** len(space) <= budget)"), GRID + BUDGET, ""),
        "strictly below the budget": (
            lattice(k="max([1, *(i for i in range(1, budget + 1) if i ** len(space) < budget)])"), GRID + BUDGET, ""),
        "base 10 of the natural logarithm": (
            lattice(log="10 ** np.linspace(np.log(low), np.log(high), k)"), GRID, ""),
        "a log scale for all": (
            lattice(linear="np.geomspace(low or 1e-9, high, k) if k > 1 else [(low + high) / 2]"), GRID, ""),
        "the geometric middle for all": (
            lattice(linear="np.linspace(low, high, k) if k > 1 else [math.sqrt(low * high)]"), BUDGET, ""),
        "two hyperparameters only": (
            lattice(k="max(i for i in range(1, budget + 1) if i ** 2 <= budget)"), GRID[1:] + BUDGET, ""),
        "pairs": (lattice(combine="zip(*axes)"), GRID + BUDGET, "EVERY learning rate goes with every momentum"),
        "equal steps on a log scale": (
            lattice(log="np.linspace(low, high, k) if k > 1 else [math.sqrt(low * high)]"), GRID, "the same MULTIPLE"),
        "exponents": (
            lattice(log="np.linspace(np.log10(low), np.log10(high), k) if k > 1 else [math.sqrt(low * high)]"),
            GRID, "A learning rate is 10 to that power"),
        "logspace of the ends": (lattice(log="np.logspace(low, high, k)"), GRID + BUDGET, "np.geomspace takes the ends"),
        "without the upper ends": (
            lattice(log="np.geomspace(low, high, k, endpoint=False)", linear="np.linspace(low, high, k, endpoint=False)"),
            GRID + BUDGET, "Both ends belong to the grid"),
        "budget for each hyperparameter": (lattice(k="budget"), GRID, "4 * 4 fit"),
        "budget shared out by division": (lattice(k="budget // len(space)"), GRID + BUDGET, "The budget counts COMBINATIONS"),
        "root cut off": (lattice(k="int(budget ** (1 / len(space)))"), BUDGET, "int() cuts it to 3"),
        "root rounded": (lattice(k="round(budget ** (1 / len(space)))"), BUDGET, "nobody pays for"),
        "root rounded up": (lattice(k="math.ceil(budget ** (1 / len(space)))"), BUDGET, "beyond the budget"),
        "the lower end alone": (
            lattice(log="np.geomspace(low, high, k)", linear="np.linspace(low, high, k)"),
            BUDGET, "A single value belongs in the middle"),
        "the arithmetic middle": (
            lattice(log="np.geomspace(low, high, k) if k > 1 else [(low + high) / 2]"), BUDGET, "On a log scale the middle"),
        "the first ones of a larger grid": (
            lattice(k="math.ceil(round(budget ** (1 / len(space)), 9))").replace("product(*axes)]", "product(*axes)][:budget]"),
            BUDGET, "The largest k with k ** d <= budget"),
        "lists, not dictionaries": (lattice(wrap="list(values)"), GRID + BUDGET, "should be a dict with the keys"),
    },
    "random_search": {
        "a log scale from 1": (draws(log="low * rng.uniform(1, high / low)"), DRAWS, ""),
        "the ends exchanged": (draws(log="np.exp(rng.uniform(np.log(low), 0))"), DRAWS[1:], ""),
        "normal, not uniform": (
            draws(linear="np.clip(rng.normal((low + high) / 2, (high - low) / 6), low, high)"), DRAWS, ""),
        "each configuration near the one before": (
            draws(linear="low + (high - low) * ((configurations[-1][name] - low) / (high - low) + 0.1 * rng.uniform()) % 1 "
                         "if configurations else rng.uniform(low, high)"), DRAWS, ""),
        "drawn twice": (draws(count="budget // 2", result="configurations + configurations"), DRAWS[:1], ""),
        "uniform on a log scale": (draws(log="rng.uniform(low, high)"), DRAWS, "Draw the LOGARITHM uniformly"),
        "two different bases": (draws(log="np.exp(rng.uniform(np.log10(low), np.log10(high)))"),
                                DRAWS, "have the same base"),
        "exponents of the ends": (draws(log="10 ** rng.uniform(low, high)"), DRAWS, "wants LOGARITHMS of the ends"),
        "a log scale for all": (draws(linear="np.exp(rng.uniform(np.log(low + 1e-9), np.log(high)))"),
                                DRAWS, "Its scale is linear"),
        "from 0 to 1": (draws(linear="rng.uniform()"), DRAWS, "its range is 0.5 to 0.9"),
        "one too few": (draws(count="budget - 1"), DRAWS, "the length of a list of budget 7"),
        "the generator made anew for each hyperparameter": (
            draws(inner="rng = np.random.default_rng(seed + trial)"), DRAWS, "searches a line, not an area"),
        "the generator made anew for each trial": (
            draws(middle="rng = np.random.default_rng(seed)"), DRAWS, "each should get about 25%"),
        "no seed": (draws(rng="np.random.default_rng()"), DRAWS, "Seed 5 gives two different lists"),
        "a fixed seed": (draws(rng="np.random.default_rng(0)"), DRAWS, "is the seed used?"),
        "picked from a few values": (
            draws(log="rng.choice(np.geomspace(low, high, 12))", linear="rng.choice(np.linspace(low, high, 12))"),
            DRAWS, "different values of"),
        "sorted": (draws(result="[dict(zip(space, v)) for v in zip(*(sorted(c[n] for c in configurations) for n in space))]"),
                   DRAWS, "searches a line"),
        "in rows of an array": (draws(result="np.array([list(c.values()) for c in configurations])"),
                                DRAWS, "expected a list of configurations"),
    },
    "incumbent": {
        "failures left out": (
            so_far("v = np.array(values, dtype=float)\nreturn np.maximum.accumulate(v[~np.isnan(v)])"), BEST, ""),
        "NaN at each failure": (
            so_far("v = np.array(values, dtype=float)\nreturn np.where(np.isnan(v), v, np.fmax.accumulate(v))"),
            BEST, "After a failure the incumbent is still there"),
        "begins at 0": (
            so_far("best, result = 0.0, []\nfor v in values:\n    best = max(best, v) if v == v else best\n"
                   "    result.append(best)\nreturn np.array(result)"), BEST, "Nothing has succeeded yet: NaN, not 0"),
        "the trial of the best": (
            so_far("v = np.nan_to_num(np.array(values, dtype=float))\n"
                   "return np.array([v[: i + 1].argmax() for i in range(len(v))])"), BEST, ""),
        "the best of all": (so_far("return np.full(len(values), np.nanmax(values))"), BEST, "nobody knows of the fifth"),
        "NaN for ever": (so_far("return np.maximum.accumulate(np.array(values, dtype=float))"),
                         BEST, "np.maximum passes NaN on"),
        "the smallest": (so_far("return np.fmin.accumulate(np.array(values, dtype=float))"), BEST, "The larger the better"),
        "the mean so far": (so_far("v = np.array(values)\nreturn np.cumsum(v) / np.arange(1, len(v) + 1)"),
                            BEST, "not the average"),
        "sorted": (so_far("return np.sort(np.array(values))"), BEST, "Keep the order of the trials"),
        "0 before the first success": (
            so_far("return np.maximum.accumulate(np.nan_to_num(np.array(values, dtype=float)))"),
            BEST, "Nothing has succeeded yet: NaN, not 0"),
        "minus infinity before the first success": (
            so_far("v = np.array(values, dtype=float)\nreturn np.maximum.accumulate(np.where(np.isnan(v), -np.inf, v))"),
            BEST[:1], "Nothing has succeeded yet: NaN"),
        "only one trial back": (
            so_far("v = np.array(values, dtype=float)\nreturn np.concatenate([v[:1], np.fmax(v[1:], v[:-1])])"),
            BEST, "ALL trials so far count"),
    },
    "incumbent_band": {
        "the best of the mean": (
            together("incumbent(whole.mean(axis=0)), best.std(axis=0, ddof=1)"), BAND, "Nobody runs a mean"),
        "no incumbent": (
            together("whole.mean(axis=0), whole.std(axis=0, ddof=1)"), BAND, "Where is the best so far?"),
        "the best of all searches": (
            together("best.max(axis=0), best.std(axis=0, ddof=1)"), BAND, "take the mean"),
        "divisor n": (together("best.mean(axis=0), best.std(axis=0)"), BAND, "ddof=1"),
        "spread of the accuracies": (
            together("best.mean(axis=0), whole.std(axis=0, ddof=1)"), BAND, "The spread of the INCUMBENTS"),
        "the wrong axis": (
            together("best.mean(axis=1), best.std(axis=1, ddof=1)"), BAND, "Over the SEARCHES"),
        "standard error": (
            together("best.mean(axis=0), best.std(axis=0, ddof=1) / math.sqrt(len(best))"), BAND, "without the root of n"),
        "variance": (together("best.mean(axis=0), best.var(axis=0, ddof=1)"), BAND, ""),
        "median": (together("np.median(best, axis=0), best.std(axis=0, ddof=1)"), BAND, ""),
        "only those that still run": (
            band("n = max(map(len, repeats))\nbest = [incumbent(r) for r in repeats]\n"
                 "alive = [[b[i] for b in best if len(b) > i] for i in range(n)]\n"
                 "spread = [np.std(a, ddof=1) if len(a) > 1 else 0.0 for a in alive]\n"
                 "return np.array([np.mean(a) for a in alive]), np.array(spread)"),
            BAND, "it still has what it found"),
        "filled up with zeros": (
            band("n = max(map(len, repeats))\nbest = np.array([np.pad(incumbent(r), (0, n - len(r))) for r in repeats])\n"
                 "return best.mean(axis=0), best.std(axis=0, ddof=1)"), BAND, "it does not fall to 0"),
        "cut off at the shortest": (
            band("n = min(map(len, repeats))\nbest = np.array([incumbent(r)[:n] for r in repeats])\n"
                 "return best.mean(axis=0), best.std(axis=0, ddof=1)"), BAND, "end of the longest search"),
        "all of the same length": (
            band("best = np.array([incumbent(r) for r in repeats])\nreturn best.mean(axis=0), best.std(axis=0, ddof=1)"),
            BAND, ""),
        "lengthened by the last accuracy": (
            band("n = max(map(len, repeats))\nfull = [list(r) + [r[-1]] * (n - len(r)) for r in repeats]\n"
                 "best = np.array([incumbent(r) for r in full])\nbest[:, -1] = [r[-1] for r in full]\n"
                 "return best.mean(axis=0), best.std(axis=0, ddof=1)"), BAND, ""),
    },
    "schedule": {
        "one step short": (rates(result="np.concatenate([climb, fall])[:-1]"), RATES, ""),
        "the warm-up up from the floor": (
            rates(climb="floor + (peak - floor) * np.arange(1, warmup + 1) / max(warmup, 1)"), RATES, ""),
        "a quarter of a cosine": (rates(fall="floor + (peak - floor) * np.cos(np.pi / 2 * share)"), RATES, ""),
        "a sine": (rates(fall="floor + (peak - floor) / 2 * (1 + np.sin(np.pi * share))"), RATES, ""),
        "degrees": (rates(fall="floor + (peak - floor) / 2 * (1 + np.cos(180 * share))"), RATES, ""),
        "always down to 0": (rates(fall="peak / 2 * (1 + np.cos(np.pi * share))"), RATES, ""),
        "begins at 0": (rates(climb="peak * np.arange(warmup) / max(warmup, 1)"),
                        RATES, "A step with the rate 0 is a step wasted"),
        "from 0 to the peak": (rates(climb="np.linspace(0, peak, warmup)"), RATES, "A step with the rate 0 is a step wasted"),
        "short of the peak": (rates(climb="peak * np.arange(1, warmup + 1) / (warmup + 1)"), RATES, "Step w - 1 has the peak"),
        "no warm-up": (rates(climb="np.full(warmup, peak)"), RATES, "The rate climbs in equal steps"),
        "the warm-up comes on top": (
            rates(share="np.arange(1, total + 1) / total"), RATES, "the shape of schedule(10"),
        "a line": (rates(fall="peak + (floor - peak) * share"), RATES, "Half a cosine, not a line"),
        "a whole wave": (rates(fall="floor + (peak - floor) / 2 * (1 + np.cos(2 * np.pi * share))"), RATES, "pi, not 2 pi"),
        "begins at the peak": (
            rates(share="np.arange(total - warmup) / (total - warmup)"), RATES, "the last step must reach the floor"),
        "from the peak to the floor": (
            rates(share="np.arange(total - warmup) / max(total - warmup - 1, 1)"),
            RATES, "The warm-up has had the peak already"),
        "over all the steps": (
            rates(share="np.arange(warmup + 1, total + 1) / total"), RATES, "The cosine begins after the warm-up"),
        "forgets the floor": (rates(fall="peak / 2 * (1 + np.cos(np.pi * share))"), RATES, "The last step has the floor"),
        "adds the floor": (
            rates(fall="floor + peak / 2 * (1 + np.cos(np.pi * share))"), RATES, "The height of the wave is peak minus floor"),
        "divides by a warm-up of 0": (
            rates(climb="np.array([peak * (t + 1) / warmup for t in range(warmup)] or [peak / warmup])"),
            RATES, "ZeroDivisionError"),
    },
    "should_stop": {
        "the mean of its own": (rule(mine="np.mean(curve)"), RULE, ""),
        "the first epoch of the others": (rule(theirs="np.median([other[0] for other in finished])"), RULE, ""),
        "the best of the others so far": (
            rule(theirs="np.median([max(other[: len(curve)]) for other in finished])"), RULE, "not the best that they had"),
        "the lower quartile": (rule(theirs="np.quantile([other[len(curve) - 1] for other in finished], 0.25)"), RULE, ""),
        "the upper of two": (
            rule(theirs="sorted(other[len(curve) - 1] for other in finished)[len(finished) // 2]"), RULE, "0.5 is above 0.45"),
        "with itself among the others": (
            rule(theirs="np.median([*(other[len(curve) - 1] for other in finished), max(curve)])"), RULE, ""),
        "a number": (answer("should_stop(curve, finished)",
                            "if not finished:\n    return 0\n"
                            "return int(max(curve) < np.median([o[len(curve) - 1] for o in finished]))"),
                     RULE[:1], "should return True or False"),
        "the mean": (rule(theirs="np.mean([other[len(curve) - 1] for other in finished])"), RULE, "the MEDIAN after one epoch"),
        "the last accuracy": (rule(mine="curve[-1]"), RULE, "Its BEST accuracy so far counts"),
        "the end of the others": (rule(theirs="np.median([other[-1] for other in finished])"),
                                  RULE, "not with where they ended"),
        "the best of the others": (
            rule(theirs="np.max([other[len(curve) - 1] for other in finished])"), RULE, "the largest is 0.6"),
        "one epoch too far": (
            rule(theirs="np.median([other[min(len(curve), len(other) - 1)] for other in finished])"),
            RULE, "after ONE epoch"),
        "stops at a tie": (rule(relation="<="), RULE, "Equal to the median is good enough"),
        "the wrong way round": (rule(relation=">"), RULE, "0.1 is below the median"),
        "all epochs of the others": (
            rule(theirs="np.median([value for other in finished for value in other[:len(curve)]])"),
            RULE, "below the median after two epochs"),
        "an element for the median": (
            rule(theirs="sorted(other[len(curve) - 1] for other in finished)[(len(finished) - 1) // 2]"),
            RULE, "The median of two numbers lies in their middle"),
        "stops where nobody has finished": (
            rule(nobody="if not finished:\n            return True"), RULE[:1], "No trial has finished: go on"),
    },
    "epochs_run": {
        "the rule sees the epoch alone": (replay(part="[curve[epoch - 1]]"), REPLAY[:1], ""),
        "the last epoch as well is never asked": (replay(asked="range(warmup + 1, len(curve) - 1)"), REPLAY, ""),
        "startup plus one": (replay(ready="len(finished) > startup"), REPLAY[:1], ""),
        "stopped at the end": (replay(ended="if epochs >= len(curve) - 1:\n                finished.append(curve)"), REPLAY, ""),
        "stopped curves cut": (replay(ended="finished.append(curve[:epochs] + [0] * (len(curve) - epochs))"), REPLAY, ""),
        "warm-up counts trials": (replay(ready="len(run) >= warmup", asked="range(startup, len(curve))"), REPLAY, ""),
        "stopped trials count as finished": (
            replay(ended="finished.append(curve)"), REPLAY, "They have not finished"),
        "ignores the warm-up": (replay(asked="range(1, len(curve))"), REPLAY, "A warm-up of 1: the first epoch"),
        "asks one epoch late": (replay(asked="range(warmup + 2, len(curve))"), REPLAY, "epochs_run(curves, warmup=0"),
        "asks an epoch too early": (replay(asked="range(max(warmup, 1), len(curve))"), REPLAY, "the first epoch of a trial"),
        "ignores startup": (replay(ready="True"), REPLAY[:1], "before TWO trials have finished"),
        "startup counts all trials": (replay(ready="len(run) > startup"), REPLAY[:1], "epochs_run(curves"),
        "counts from 0": (replay(stopped="epoch - 1"), REPLAY, "epochs_run(curves"),
        "shows the rule the whole curve": (replay(part="curve"), REPLAY, "epochs_run(curves"),
        "truth values": (replay(result="[epochs < len(curve) for epochs in run]"), REPLAY, "epochs_run(curves"),
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
            """), REPLAY, "it HAS finished"),
    },
    "bayesian_search": {
        "minimises": (study(direction="minimize"), STUDY + LEARNS, "told to MAXIMIZE"),
        "minimises minus the accuracy": (
            study(direction="minimize", value="-evaluate(task, configuration)"), STUDY, "without a sign"),
        "a linear scale": (study(log="False"), STUDY[:1], "On a log scale it is about half of them"),
        "a log scale for all": (study(log="low > 0"), KEPT[1:], ""),
        "one trial too many": (study(trials="(budget - done + 1)"), STUDY + KEPT, "not more and not fewer"),
        "the best trials only": (study(listed="study.best_trials"), STUDY + KEPT, "not more and not fewer"),
        "the last trial for the best": (
            study(best="study.trials[-1].params", top="study.trials[-1].value"), STUDY, "the best accuracy"),
        "the params of the first trial": (study(best="study.trials[0].params"), STUDY, "the highest accuracy"),
        "the study itself": (study(result="study"), STUDY, "should return a dict"),
        "sorted trials": (
            study(listed="sorted(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]), key=lambda t: -t.value)"),
            KEPT[:1], "does not begin with the 4 trials"),
        "random, not TPE": (
            study(sampler="optuna.samplers.RandomSampler(seed=seed + done)"), LEARNS, "Is the sampler a TPESampler?"),
        "no seed": (study(sampler="optuna.samplers.TPESampler()"), LEARNS[:1], "pass the seed to the sampler"),
        "a fixed seed": (study(sampler="optuna.samplers.TPESampler(seed=0 + done)"), LEARNS[:1], "is the seed used?"),
        "the same seed after a restart": (
            study(sampler="optuna.samplers.TPESampler(seed=seed)"), KEPT, "the sampler draws the same numbers again"),
        "no seed after a restart": (
            study(sampler="optuna.samplers.TPESampler(seed=None if done else seed)"), KEPT[:1], "needs a seed as well"),
        "budget on top": (study(trials="budget"), KEPT, "run only the 6 that are missing"),
        "in memory only": (study(storage="None"), KEPT, "is the study kept in `storage`"),
        "does not load": (study(load="False"), KEPT, "already exists"),
        "a name of its own": (study(name='"mine"', storage="storage"), KEPT, "trials"),
        "new trials only": (
            study(listed="study.get_trials(states=[optuna.trial.TrialState.COMPLETE])[done:]"), KEPT, "list them all"),
        "a study for each seed": (study(name='f"{name} {seed}"'), KEPT, "does not begin with the 4 trials"),
        "interrupted trials count": (study(counted="study.trials"), KEPT, "report the finished ones only"),
        "interrupted trials count, but are not listed": (
            study(counted="study.trials", listed="[t for t in study.trials if t.value is not None]"),
            KEPT, "Trials that were interrupted do not count"),
        "interrupted trials are listed, but do not count": (
            study(listed="study.trials"), KEPT, "report the finished ones only"),
        "failed trials do not count, running ones do": (
            study(counted="[t for t in study.trials if t.state != optuna.trial.TrialState.FAIL]",
                  listed="[t for t in study.trials if t.value is not None]"),
            KEPT, "Trials that were interrupted do not count"),
        "nothing left to run raises": (
            study(trials="(budget - done or 1 / 0)"), KEPT[1:], "division by zero"),
    },
    "one_standard_error": {
        "the root of n - 1": (
            thrift(limit="mean - spread / math.sqrt(len(validation[best]) - 1)"), THRIFT, "not divided by the root of 3"),
        "divisor n in the spread": (
            thrift(limit="mean - np.std(validation[best]) / math.sqrt(len(validation[best]))"), THRIFT, ""),
        "two standard errors": (
            thrift(limit="mean - 2 * spread / math.sqrt(len(validation[best]))"), THRIFT, "small"),
        "half a standard error": (
            thrift(limit="mean - spread / math.sqrt(len(validation[best])) / 2"), THRIFT, ""),
        "within one per cent": (thrift(limit="mean - 0.01"), THRIFT, ""),
        "divided by n": (thrift(limit="mean - spread / len(validation[best])"), THRIFT, ""),
        "the number of candidates": (thrift(limit="mean - spread / math.sqrt(len(validation))"), THRIFT[1:], ""),
        "the smallest number of seeds": (
            thrift(limit="mean - spread / math.sqrt(min(map(len, validation.values())))"), THRIFT[1:], ""),
        "not cheaper than the best": (
            thrift(pick="min((r for r in good if cost[r[0]] <= cost[best] and r[0] != best), "
                        "key=lambda r: cost[r[0]], default=(best,))[0]"), THRIFT[1:], ""),
        "the best": (thrift(pick="best"), THRIFT, "a cheaper one is within one standard error"),
        "the cheapest": (thrift(keep="True"), THRIFT, "far from good"),
        "one spread": (thrift(limit="mean - spread"), THRIFT, "The limit is one standard ERROR of the best"),
        "the candidate's own error": (
            thrift(keep="row[1] + row[2] / math.sqrt(len(validation[row[0]])) >= mean"),
            THRIFT, "not an error of the candidate"),
        "the first that is good": (thrift(pick="good[-1][0]"), THRIFT, "take b, the better one"),
        "the worse of two that cost the same": (
            thrift(pick="min(good, key=lambda row: (cost[row[0]], row[1]))[0]"), THRIFT, "take b, the better one"),
        "the dearest": (thrift(pick="max(good, key=lambda row: cost[row[0]])[0]"), THRIFT, "a cheaper one is within"),
        "the row, not the name": (thrift(pick="min(good, key=lambda row: (cost[row[0]], -row[1]))"),
                                  THRIFT, "should return a name"),
    },
    "final_report": {
        "theirs": (answer("final_report(validation, test, cost)", "return their_report(validation, test, cost)"),
                   REPORT + INTERVAL, "shines on the test images only"),
        "the best validation run": (report(mean="float(np.max(validation[choice]))"), REPORT, "the best of several runs"),
        "the best test run in the interval": (
            report(interval="(float(runs.max() - half), float(runs.max() + half))"), INTERVAL, "Around the MEAN"),
        "looks at all tests": (
            report(choice="(one_standard_error(validation, cost), [test[name] for name in validation])[0]"),
            REPORT[:1], ""),
        "medians": (report(test="float(np.median(runs))", mean="float(np.median(validation[choice]))"), REPORT, "The MEAN over"),
        "the cheapest": (report(choice="min(cost, key=cost.get)"), REPORT, ""),
        "the mean of both": (report(choice="one_standard_error({n: v + test.get(n, []) for n, v in validation.items()}, cost)"),
                             REPORT, ""),
        "chooses on the test": (
            report(choice="max(test, key=lambda name: np.mean(test[name]))"), REPORT, "shines on the test images only"),
        "chooses by the rule, on the test": (
            report(choice="one_standard_error(test, cost)"), REPORT, "shines on the test images only"),
        "the best mean": (report(choice="ranked_table(validation)[0][0]"), REPORT, "good is as good, and cheaper"),
        "the best test run": (report(test="float(runs.max())"), REPORT, "The mean test accuracy of the chosen"),
        "the test of all": (report(test="float(np.mean(list(test.values())))"), REPORT, "of no other"),
        "reports validation as test": (report(runs="np.array(validation[choice])", test="float(runs.mean())"),
                                       REPORT + INTERVAL, "They have been used to choose"),
        "normal quantile": (report(factor="1.96"), INTERVAL, "t_quantile(0.975, n - 1)"),
        "one-sided": (report(factor="t_quantile(0.95, len(runs) - 1)"), INTERVAL, "on EACH side"),
        "n degrees of freedom": (report(factor="t_quantile(0.975, len(runs))"), INTERVAL, "goes to the mean"),
        "no root of n": (report(root="1"), INTERVAL, "the mean is surer than a run"),
        "divisor n": (report(spread="runs.std()"), INTERVAL, "ddof=1"),
        "one standard error": (report(factor="1"), INTERVAL, "Where is t?"),
        "the half width": (report(interval="float(half)"), INTERVAL, "should be a pair of numbers"),
    },
}

RIGHT = {
    "ranked_table": {
        "two lists": ASK_ALONE + answer("ranked_table(runs, larger_is_better=True)", """
            import statistics

            sound, failed = [], []
            for name in runs:
                values = [float(v) for v in runs[name]]
                bad = any(v != v for v in values)
                row = (name, math.nan if bad else statistics.fmean(values),
                       math.nan if bad else statistics.stdev(values))
                (failed if bad else sound).append(row)
            sound.sort(key=lambda row: row[1], reverse=False)
            if larger_is_better:
                sound.sort(key=lambda row: row[1], reverse=True)
            order = list(runs)
            sound.sort(key=lambda row: ((-1) ** larger_is_better * row[1], order.index(row[0])))
            return sound + failed
        """),
        "argsort of arrays": ASK_ALONE + answer("ranked_table(runs, larger_is_better=True)", """
            names = list(runs)
            means = np.array([np.mean(runs[name]) for name in names])
            spreads = [np.std(runs[name], ddof=1) for name in names]
            order = np.argsort(-means if larger_is_better else means, kind="stable")
            return [[names[i], means[i], spreads[i]] for i in order]
        """),
        "the formula by hand": ranking(
            mean="sum(values) / len(values)",
            spread="(sum((x - sum(values) / len(values)) ** 2 for x in values) / (len(values) - 1)) ** 0.5"),
    },
    "difference_interval": {
        "SciPy": answer("difference_interval(a, b)", """
            from scipy import stats

            found = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
            return found.low, found.high
        """),
        "an array": interval(result="difference + half * np.array([-1, 1])"),
        "by hand": answer("difference_interval(a, b)", """
            def facts(values):
                mean = sum(values) / len(values)
                return mean, sum((x - mean) ** 2 for x in values) / (len(values) - 1) / len(values)

            (ma, va), (mb, vb) = facts(a), facts(b)
            f = (va + vb) ** 2 / (va * va / (len(a) - 1) + vb * vb / (len(b) - 1))
            half = t_quantile(0.975, f) * (va + vb) ** 0.5
            return [ma - mb - half, ma - mb + half]
        """),
    },
    "tied_with_best": {
        "a comprehension": answer("tied_with_best(runs, larger_is_better=True)", """
            best, *others = [row[0] for row in ranked_table(runs, larger_is_better)]
            ends = {name: difference_interval(runs[best], runs[name]) for name in others}
            return [best] + [name for name in others if ends[name][0] * ends[name][1] <= 0]
        """),
        "the other way round": ties(pair="runs[name], runs[names[0]]"),
        "SciPy's p-value": answer("tied_with_best(runs, larger_is_better=True)", """
            from scipy import stats

            order = sorted(runs, key=lambda name: np.mean(runs[name]), reverse=larger_is_better)
            best = runs[order[0]]
            return tuple(
                name for name in order
                if name == order[0] or stats.ttest_ind(best, runs[name], equal_var=False).pvalue >= 0.05
            )
        """),
    },
    "grid": {
        "product": lattice(),
        "recursion": answer("grid(space, budget)", """
            k = next(k for k in range(budget, 0, -1) if k ** len(space) <= budget)

            def values(low, high, scale):
                forth, back = (np.log10, lambda v: 10.0**v) if scale == "log" else (float, float)
                a, b = forth(low), forth(high)
                steps = [(a + b) / 2] if k == 1 else [a + (b - a) * i / (k - 1) for i in range(k)]
                return [float(back(step)) for step in steps]

            def expand(names):
                if not names:
                    return [{}]
                first, *rest = names
                return [{first: v, **one} for v in values(*space[first]) for one in expand(rest)]

            return expand(list(space))
        """),
        "meshgrid, NumPy numbers": answer("grid(space, budget)", """
            k = int(budget ** (1 / len(space)) + 0.5)
            while k ** len(space) > budget:
                k -= 1
            axes = []
            for low, high, scale in space.values():
                if k == 1:
                    axes.append([np.sqrt(low * high) if scale == "log" else (low + high) / 2])
                else:
                    axes.append((np.geomspace if scale == "log" else np.linspace)(low, high, k))
            points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(space))
            return [dict(zip(space, point)) for point in points]
        """),
    },
    "random_search": {
        "powers of ten": draws(log="10 ** rng.uniform(np.log10(low), np.log10(high))"),
        "shares of the range": draws(log="low * (high / low) ** rng.random()", linear="low + (high - low) * rng.random()"),
        "all at once": answer("random_search(space, budget, seed)", """
            shares = np.random.default_rng(seed).random((budget, len(space)))
            result = []
            for row in shares:
                one = {}
                for share, (name, (low, high, scale)) in zip(row, space.items()):
                    one[name] = low * (high / low) ** share if scale == "log" else low + share * (high - low)
                result.append(one)
            return result
        """),
        "SciPy": answer("random_search(space, budget, seed)", """
            from scipy import stats

            rng = np.random.default_rng(seed)
            columns = {
                name: (stats.loguniform(low, high) if scale == "log" else stats.uniform(low, high - low)).rvs(
                    budget, random_state=rng)
                for name, (low, high, scale) in space.items()
            }
            return [{name: float(column[i]) for name, column in columns.items()} for i in range(budget)]
        """),
    },
    "incumbent": {
        "a loop, a list": so_far("""
            best, result = math.nan, []
            for value in values:
                if not math.isnan(value) and (math.isnan(best) or value > best):
                    best = value
                result.append(best)
            return result
        """),
        "nanmax of each part, warnings on the way": so_far(
            "return np.array([np.nanmax(values[: i + 1]) for i in range(len(values))])"),
        "minus infinity put back": so_far("""
            v = np.asarray(values, dtype=float)
            best = np.maximum.accumulate(np.where(np.isnan(v), -np.inf, v))
            return np.where(np.isinf(best), np.nan, best)
        """),
    },
    "incumbent_band": {
        "loops": band("""
            n = max(len(one) for one in repeats)
            table = []
            for one in repeats:
                curve = list(incumbent(one))
                while len(curve) < n:
                    curve.append(curve[-1])
                table.append(curve)
            mean = [sum(column) / len(column) for column in zip(*table)]
            spread = [
                math.sqrt(sum((x - m) ** 2 for x in column) / (len(column) - 1)) for column, m in zip(zip(*table), mean)
            ]
            return mean, spread
        """),
        "lengthened before": band("""
            n = max(map(len, repeats))
            full = np.array([list(one) + [-np.inf] * (n - len(one)) for one in repeats])
            best = np.maximum.accumulate(full, axis=1)
            return np.mean(best, 0), np.std(best, 0, ddof=1)
        """),
        "by index": band("""
            n = max(map(len, repeats))
            best = np.stack([incumbent(one)[np.minimum(np.arange(n), len(one) - 1)] for one in repeats])
            return np.stack([best.mean(0), best.std(0, ddof=1)])
        """),
    },
    "schedule": {
        "step by step": answer("schedule(total, peak, warmup, floor=0.0)", """
            rates = []
            for t in range(total):
                if t < warmup:
                    rates.append(peak * (t + 1) / warmup)
                else:
                    wave = math.cos(math.pi * (t - warmup + 1) / (total - warmup))
                    rates.append(floor + 0.5 * (peak - floor) * (1 + wave))
            return rates
        """),
        "np.where, a warning on the way": answer("schedule(total, peak, warmup, floor=0.0)", """
            t = np.arange(total)
            with np.errstate(all="ignore"):
                up = peak * (t + 1) / warmup if warmup else 0 * t
            down = floor + (peak - floor) * np.cos(np.pi / 2 * (t - warmup + 1) / (total - warmup)) ** 2
            return np.where(t < warmup, up, down)
        """),
        "linspace": rates(climb="np.linspace(0, peak, warmup + 1)[1:]", share="np.linspace(0, 1, total - warmup + 1)[1:]"),
    },
    "should_stop": {
        "statistics": answer("should_stop(curve, finished)", """
            import statistics

            here = [other[len(curve) - 1] for other in finished]
            return len(here) > 0 and max(curve) < statistics.median(here)
        """),
        "an array": answer("should_stop(curve, finished)", """
            if len(finished) == 0:
                return False
            return np.max(curve) < np.median(np.array(finished)[:, len(curve) - 1])
        """),
        "the median of nothing, a warning on the way": answer("should_stop(curve, finished)", """
            return bool(np.max(curve) < np.median([other[len(curve) - 1] for other in finished]))
        """),
    },
    "epochs_run": {
        "a while loop": answer("epochs_run(curves, warmup, startup)", """
            finished, counts = [], []
            for curve in curves:
                epoch, length = 1, len(curve)
                while epoch < length:
                    ready = epoch > warmup and len(finished) >= startup
                    if ready and should_stop(list(curve[:epoch]), finished):
                        break
                    epoch += 1
                counts.append(epoch)
                if epoch == length:
                    finished.append(list(curve))
            return counts
        """),
        "next": answer("epochs_run(curves, warmup, startup)", """
            done, run = [], []
            for curve in curves.tolist():
                n = len(curve)
                asked = range(warmup + 1, n) if len(done) >= startup else []
                run.append(next((e for e in asked if should_stop(curve[:e], done)), n))
                done += [curve] if run[-1] == n else []
            return np.array(run)
        """),
        "the rule inside": answer("epochs_run(curves, warmup, startup)", """
            finished, run = np.empty((0, curves.shape[1])), []
            for curve in curves:
                stop = curves.shape[1]
                if len(finished) >= max(startup, 1):
                    behind = np.maximum.accumulate(curve) < np.median(finished, axis=0)
                    behind[:warmup] = behind[-1] = False
                    if behind.any():
                        stop = int(behind.argmax()) + 1
                if stop == curves.shape[1]:
                    finished = np.vstack([finished, curve])
                run.append(stop)
            return run
        """),
    },
    "one_standard_error": {
        "loops": answer("one_standard_error(validation, cost)", """
            means = {name: sum(v) / len(v) for name, v in validation.items()}
            best = max(means, key=means.get)
            n = len(validation[best])
            error = (sum((x - means[best]) ** 2 for x in validation[best]) / (n - 1) / n) ** 0.5
            winner = best
            for name in validation:
                if means[name] >= means[best] - error:
                    if (cost[name], -means[name]) < (cost[winner], -means[winner]):
                        winner = name
            return winner
        """),
        "SciPy": answer("one_standard_error(validation, cost)", """
            from scipy import stats

            best = ranked_table(validation)[0][0]
            limit = np.mean(validation[best]) - stats.sem(validation[best])
            names = [name for name in validation if np.mean(validation[name]) >= limit]
            cheapest = min(cost[name] for name in names)
            return max((name for name in names if cost[name] == cheapest), key=lambda name: np.mean(validation[name]))
        """),
        "sorted": thrift(pick="sorted(sorted(good, key=lambda row: -row[1]), key=lambda row: cost[row[0]])[0][0]"),
    },
    "final_report": {
        "SciPy": answer("final_report(validation, test, cost)", """
            from scipy import stats

            name = one_standard_error(validation, cost)
            mean, error = np.mean(test[name]), stats.sem(test[name])
            interval = stats.t.interval(0.95, len(test[name]) - 1, loc=mean, scale=error)
            return dict(choice=name, validation=np.mean(validation[name]), test=mean, interval=interval)
        """),
        "an array for the interval": report(interval="runs.mean() + np.array([-half, half])"),
        "more than was asked for": report(mean="sum(validation[choice]) / len(validation[choice])").replace(
            '"choice": choice,', '"choice": choice, "runs": len(runs),'),
    },
    "bayesian_search": {
        "by the values": study(counted="[t for t in study.trials if t.value is not None]"),
        "by the names of the states": study(counted='[t for t in study.trials if t.state.name == "COMPLETE"]'),
        "ask and tell": answer('bayesian_search(task, budget, seed, storage=None, name="search")', """
            study = optuna.create_study(
                study_name=name, storage=storage, direction="maximize", load_if_exists=True
            )

            def finished():
                return [t for t in study.get_trials() if t.state == optuna.trial.TrialState.COMPLETE]

            study.sampler = optuna.samplers.TPESampler(seed=seed + len(finished()))
            while len(finished()) < budget:
                trial = study.ask()
                one = {}
                for key, (low, high, scale) in task["space"].items():
                    one[key] = trial.suggest_float(key, low, high, log=(scale == "log"))
                study.tell(trial, evaluate(task, one))
            best = max(finished(), key=lambda t: t.value)
            return {"params": dict(best.params), "value": best.value,
                    "trials": [[t.params, t.value] for t in finished()]}
        """) + LEAVE_BEHIND,
        "seeded by all trials": study(sampler="optuna.samplers.TPESampler(seed=seed + len(study.trials))"),
    },
}


SCALE = "only the order counts"
NO_SPREAD = "a mean is NaN where the spread is, and nowhere else"
AT_ZERO = "measured intervals do not end at exactly 0, and the text does not say what holds then"
A_LIST = "the values come as a list"

EQUIVALENT = {
    "ranked_table": {
        "constant: -1 if larger_is_better else 1 -> -1 if larger_is_better else 2": SCALE,
        "constant: row[1] -> row[2]": NO_SPREAD,
    },
    "tied_with_best": {
        "comparison: low <= 0 <= high -> low < 0 <= high": AT_ZERO,
        "comparison: low <= 0 <= high -> low <= 0 < high": AT_ZERO,
    },
    "grid": {"constant: 1 -> 0": "the loop counts on to 1, which fits into every budget"},
    "incumbent": {
        "without asarray: np.asarray(values, dtype=float) -> values": A_LIST,
        "without dtype: np.asarray(values, dtype=float) -> np.asarray(values)": A_LIST,
    },
    "schedule": {"constant: max(warmup, 1) -> max(warmup, 0)": "without a warm-up the array that is divided is empty"},
    "should_stop": {"branch: if not finished -> if False": "nothing is smaller than NaN, the median of nothing"},
}
