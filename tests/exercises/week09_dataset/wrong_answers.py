"""Wrong answers to exercise 9 that must lose points, and right ones in other styles that must not.

``WRONG[question][mistake] = (source, tests that must fail, words of a message that the student reads)``.
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def opened(*, load="image.load()", paths="sorted(files)", fits="{'png': 'PNG', 'jpg': 'JPEG', 'jpeg': 'JPEG'}",
           ending="path.split('.')[-1].lower()", after="continue", caught="Exception", result="found"):
    """A wrong `broken`."""
    return answer("broken(files)", f"""
        found = {{"corrupt": [], "misnamed": []}}
        fits = {fits}
        for path in {paths}:
            image = None
            try:
                image = Image.open(io.BytesIO(files[path]))
                {load}
            except {caught}:
                found["corrupt"].append(path)
                {after}
            if image is not None and image.format != fits[{ending}]:
                found["misnamed"].append(path)
        return {result}
    """)


def leaked(body):
    """An answer to `copies`."""
    return answer("copies(files)", body)


def bits(body):
    """An answer to `dhash`."""
    return answer("dhash(grey)", body)


def paired(*, differ="(train[:, None] != test[None]).sum(axis=2)", near="<= limit", pair="(row, int(nearest[row]))",
           which="argmin", first="pass"):
    """A wrong `twins`."""
    return answer("twins(train, test, limit)", f"""
        {first}
        differ = {differ}
        nearest = differ.{which}(axis=1)
        return [{pair} for row in range(len(train)) if differ[row, nearest[row]] {near}]
    """)


def split(*, order="np.random.default_rng(seed).permutation(np.unique(groups))", full="test.sum() >= share * len(groups)",
          result="test"):
    """A wrong `group_split`."""
    return answer("group_split(groups, share, seed)", f"""
        groups = np.asarray(groups)
        test = np.zeros(len(groups), bool)
        for group in {order}:
            if {full}:
                break
            test |= groups == group
        return {result}
    """)


def agreeing(*, chance="sum(np.mean(a == c) * np.mean(b == c) for c in set(first) | set(second))", guard='float("nan")',
             result="(agreed - chance) / (1 - chance)"):
    """A wrong `kappa`."""
    return answer("kappa(first, second)", f"""
        a, b = np.asarray(first), np.asarray(second)
        agreed = np.mean(a == b)
        chance = {chance}
        if chance == 1:
            return {guard}
        return float({result})
    """)


def doubted(*, known="~inside", asked="inside", order="np.argsort(own)", cut="[:count]", absent="0.0",
            column="classes.index(name) if name in classes else None"):
    """A wrong `suspects`."""
    return answer("suspects(features, labels, folds, count)", f"""
        labels = np.asarray(labels)
        own = np.zeros(len(labels))
        for fold in np.unique(folds):
            inside = folds == fold
            everybody = np.ones(len(labels), bool)
            model = classifier().fit(features[{known}], labels[{known}])
            classes = list(model.classes_)
            for row in np.flatnonzero({asked}):
                name = labels[row]
                column = {column}
                said = model.predict_proba(features[row : row + 1])[0]
                own[row] = {absent} if column is None else said[column]
        return {order}{cut}.tolist()
    """)


def tidied(body):
    """An answer to `cleaned`."""
    return answer("cleaned(files)", body)


def gathered(*, twin="[path for path in near if path not in found['copies']]", limit="6", count="12", labels="found['labels']",
             series="series['train'] & series['test']", copies="copies(files)", misnamed="found['misnamed']",
             readable="path not in found['corrupt']", corrupt="found['corrupt']", order="known", result="found"):
    """A wrong `findings`."""
    return answer("findings(files)", f"""
        found = broken(files)
        paths = [path for path in sorted(files) if {readable}]
        found["copies"] = {copies}
        known = [path for path in paths if path.startswith("train/")]
        asked = [path for path in paths if path.startswith("test/")]
        hashes = [np.array([dhash(shrunk(files[path])) for path in some]) for some in (known, asked)]
        near = [known[row] for row, _ in twins(*hashes, {limit})]
        found["twins"] = {twin}
        described = np.array([features(files[path]) for path in {order}])
        rows = suspects(described, [path.split("/")[1] for path in known], np.arange(len(known)) % 5, {count})
        found["labels"] = [known[row] for row in rows]
        found["labels"] = {labels}
        series = {{part: {{path.split("/")[2][:3] for path in files if path.startswith(part)}} for part in ("train", "test")}}
        found["series"] = sorted({series})
        found["misnamed"], found["corrupt"] = {misnamed}, {corrupt}
        return {result}
    """)


BROKEN, COPIES, HASH, TWINS, SPLIT = "broken_test", "copies_test", "dhash_test", "twins_test", "group_split_test"
KAPPA, SUSPECTS, CLEANED, FINDINGS = "kappa_test", "suspects_test", "cleaned_test", "findings_test"


def both(test):
    """The visible and the hidden test of a question."""
    return [test, test.replace("_test", "_hidden_test")]


WRONG = {
    "broken": {
        "never loads": (opened(load="pass"), both(BROKEN), "only load() reads to the end"),
        "verify, which reads no pixels of a JPEG": (opened(load="image.verify()"), [BROKEN], "only load() reads to the end"),
        "not sorted": (opened(paths="files"), [BROKEN], "Sort the paths"),
        "capitals matter": (
            opened(fits="{'png': 'PNG', 'jpg': 'JPEG', 'jpeg': 'JPEG', 'PNG': '', 'JPEG': '', 'Jpg': '', 'JPG': ''}",
                   ending="path.split('.')[-1]"), both(BROKEN), "capitals and more dots do not matter"),
        "the first dot": (
            opened(ending="path.split('.')[1].lower()", fits="{'png': 'PNG', 'jpg': 'JPEG', 'jpeg': 'JPEG', 'holiday': ''}"),
            [BROKEN], "capitals and more dots do not matter"),
        "jpeg is another format": (
            opened(fits="{'png': 'PNG', 'jpg': 'JPEG', 'jpeg': 'JPG'}"), [BROKEN], "A JPEG called .png"),
        "half pictures in both lists": (opened(after="pass", paths="sorted(files)", fits="{'png': 'X', 'jpg': 'X', 'jpeg': 'X'}"),
                                        both(BROKEN), "A JPEG called .png"),
        "misnamed are corrupt": (
            opened(result="{'corrupt': sorted(found['corrupt'] + found['misnamed']), 'misnamed': found['misnamed']}"),
            both(BROKEN), "a half picture, no bytes, or a web page"),
        "two lists": (opened(result="(found['corrupt'], found['misnamed'])"), both(BROKEN), "Return a dict"),
    },
    "copies": {
        "within training": (leaked("""
            every = list(files.values())
            return sorted(path for path, data in files.items() if path.startswith("train/") and every.count(data) > 1)
        """), [COPIES], "two copies within the training set are no leak"),
        "the test files": (leaked("""
            known = {data for path, data in files.items() if path.startswith("train/")}
            return sorted(path for path, data in files.items() if path.startswith("test/") and data in known)
        """), both(COPIES), "Name the TRAINING files"),
        "by name": (leaked("""
            known = {path.split("/")[-1] for path in files if path.startswith("test/")}
            return sorted(path for path in files if path.startswith("train/") and path.split("/")[-1] in known)
        """), both(COPIES), "The name tells nothing"),
        "by length": (leaked("""
            known = {len(data) for path, data in files.items() if path.startswith("test/")}
            return sorted(path for path, data in files.items() if path.startswith("train/") and len(data) in known)
        """), both(COPIES), "As many bytes are not the same bytes"),
        "one for each test file": (leaked("""
            first = {}
            for path in sorted(files):
                if path.startswith("train/"):
                    first.setdefault(files[path], path)
            return sorted({first[data] for path, data in files.items() if path.startswith("test/") and data in first})
        """), [COPIES], "train/cat/1 and train/dog/1"),
        "not sorted": (leaked("""
            known = {data for path, data in files.items() if path.startswith("test/")}
            return [path for path, data in files.items() if path.startswith("train/") and data in known][::-1]
        """), both(COPIES), "Sort them"),
        "train anywhere in the path": (leaked("""
            known = {data for path, data in files.items() if "test/" in path}
            return sorted(path for path, data in files.items() if "train/" in path and "test/" not in path and data in known)
        """), [COPIES], "train/cat/1 and train/dog/1"),
        "pairs": (leaked("""
            return {path: data for path, data in files.items() if path.startswith("train/")}
        """), both(COPIES), "Return a list of paths"),
    },
    "dhash": {
        "the left one is brighter": (bits("return (grey[:, 1:] < grey[:, :-1]).ravel()"), both(HASH), "from left to right"),
        "a difference of bytes": (bits("return (grey[:, 1:] - grey[:, :-1] > 0).ravel()"), both(HASH),
                                  "compare, do not subtract"),
        "equal is brighter": (bits("return (grey[:, 1:] >= grey[:, :-1]).ravel()"), both(HASH), "Equal is not brighter"),
        "column by column": (bits("return (grey[:, 1:] > grey[:, :-1]).T.ravel()"), both(HASH), "Row by row"),
        "not flat": (bits("return grey[:, 1:] > grey[:, :-1]"), both(HASH), "64 answers in one row"),
        "against the mean": (bits("return (grey > grey.mean())[:, :8].ravel()"), both(HASH), "with its neighbour"),
        "rows below": (bits("return (grey[1:] > grey[:-1]).ravel()"), both(HASH), "64 answers in one row"),
    },
    "twins": {
        "fewer than the limit": (paired(near="< limit"), both(TWINS), "no MORE than the limit"),
        "equal bits": (paired(differ="(train[:, None] == test[None]).sum(axis=2)"), both(TWINS), "they differ in 0 bits"),
        "test row first": (paired(pair="(int(nearest[row]), row)"), both(TWINS), "Training row, test row"),
        "the farthest": (paired(which="argmax"), both(TWINS), "they differ in 0 bits"),
        "all that are near": (answer("twins(train, test, limit)", """
            return [(i, j) for i in range(len(train)) for j in range(len(test)) if np.sum(train[i] != test[j]) <= limit]
        """), [TWINS], "take the first only"),
        "the last of several": (paired(pair="(row, len(test) - 1 - int(differ[row][::-1].argmin()))"), [TWINS],
                                "take the first only"),
        "nearest for each test picture": (answer("twins(train, test, limit)", """
            differ = (train[:, None] != test[None]).sum(axis=2)
            best = differ.argmin(axis=0)
            return sorted((int(best[j]), j) for j in range(len(test)) if differ[best[j], j] <= limit)
        """), both(TWINS), "take the first only"),
        "half of the limit": (paired(near="<= limit / 2"), both(TWINS), "no MORE than the limit"),
        "changes the hashes": (paired(first="train ^= True; test = ~test"), [TWINS], "Leave the hashes as they are"),
    },
    "group_split": {
        "pictures at random": (answer("group_split(groups, share, seed)", """
            test = np.zeros(len(groups), bool)
            test[np.random.default_rng(seed).permutation(len(groups))[: int(np.ceil(share * len(groups)))]] = True
            return test
        """), both(SPLIT), "draw whole groups"),
        "too few": (split(full="(test | (groups == group)).sum() > share * len(groups)"), both(SPLIT), "at least 30 %"),
        "one group too many": (split(full="test.sum() > share * len(groups)"), [SPLIT], "Stop once there are enough"),
        "share of the groups": (split(full="len(set(groups[test])) >= max(share * len(set(groups)), 2.5)"),
                                both(SPLIT), "Stop once there are enough"),
        "ignores the seed": (split(order="np.random.default_rng(0).permutation(np.unique(groups))"), [SPLIT],
                             "shuffle the groups by the seed"),
        "in the order of the names": (split(order="np.unique(groups)"), [SPLIT], "shuffle the groups by the seed"),
        "another one each time": (split(order="np.random.default_rng().permutation(np.unique(groups))"), both(SPLIT),
                                  "use np.random.default_rng(seed)"),
        "train and test exchanged": (split(result="~test"), both(SPLIT), "Stop once there are enough"),
        "rows": (split(result="np.flatnonzero(test)"), both(SPLIT), "the shape of the split"),
        "whole numbers": (split(result="test.astype(int)"), [SPLIT], "an array of bool"),
    },
    "kappa": {
        "agreement": (agreeing(result="agreed"), both(KAPPA), "Take off what chance"),
        "not divided": (agreeing(result="agreed - chance"), both(KAPPA), "Divide by what was left"),
        "chance of one half": (agreeing(chance="0.5 if len(set(first) | set(second)) > 1 else 1"), both(KAPPA),
                               "how often each label was given"),
        "the first one's shares": (agreeing(chance="sum(np.mean(a == c) ** 2 for c in set(first))"), both(KAPPA), "of the OTHER"),
        "not subtracted above": (agreeing(result="agreed / (1 - chance)"), both(KAPPA), "Subtract p_e above the line"),
        "never below 0": (agreeing(result="max(0, (agreed - chance) / (1 - chance))"), [KAPPA], "a kappa below 0"),
        "no guard": (answer("kappa(first, second)", """
            n = len(first)
            agreed = sum(x == y for x, y in zip(first, second)) / n
            chance = sum(first.count(c) * second.count(c) for c in set(first)) / n / n
            return (agreed - chance) / (1 - chance)
        """), [KAPPA], "where p_e is 1, return nan"),
        "1 where all is one": (agreeing(guard="1.0"), [KAPPA], "so nan"),
        "0 where all is one": (agreeing(guard="0.0"), [KAPPA], "so nan"),
        "nan where chance is 0": (agreeing(result='(agreed - chance) / (1 - chance) if chance else float("nan")'), [KAPPA],
                                  "Here p_e is 0"),
    },
    "suspects": {
        "one model for all": (doubted(known="everybody"), both(SUSPECTS), "leave the picture's fold out"),
        "trained on the fold": (doubted(known="inside"), both(SUSPECTS), "by the model of the other folds"),
        "highest first": (doubted(order="np.argsort(-own)"), both(SUSPECTS), "lowest first"),
        "lowest last": (doubted(cut="[:count][::-1]"), both(SUSPECTS), "the lowest comes first"),
        "all of them": (doubted(cut=""), both(SUSPECTS), "Return 8 rows"),
        "columns in order of appearance": (
            doubted(column="list(dict.fromkeys(labels.tolist())).index(name)"), both(SUSPECTS), "the picture's own label"),
        "the likeliest class": (doubted(column="int(np.argmax(model.predict_proba(features[row : row + 1])[0]))"),
                                both(SUSPECTS), "the picture's own label"),
        "no column for a class": (doubted(column="classes.index(name)"), [SUSPECTS], "has no column for them"),
        "1 for a class without a column": (doubted(absent="1.0"), [SUSPECTS], "never heard of birds"),
    },
    "cleaned": {
        "the friend's": (tidied("""
            seen = []
            for path in list(files):
                if len(files[path]) in seen:
                    del files[path]
                else:
                    seen.append(len(files[path]))
            return files
        """), both(CLEANED), "build a new one"),
        "by length": (tidied("""
            seen = {len(data) for path, data in files.items() if path.startswith("test/")}
            kept = {}
            for path in sorted(files):
                if path.startswith("test/") or len(files[path]) not in seen:
                    kept[path] = files[path]
                    seen.add(len(files[path]))
            return kept
        """), both(CLEANED), "As many bytes are not the same bytes"),
        "test copies go": (tidied("""
            seen, kept = set(), {}
            for path in sorted(files):
                if files[path] not in seen:
                    kept[path] = files[path]
                    seen.add(files[path])
            return kept
        """), [CLEANED], "All test files stay"),
        "the order of the dict": (tidied("""
            seen = {data for path, data in files.items() if path.startswith("test/")}
            kept = {}
            for path in files:
                if path.startswith("test/") or files[path] not in seen:
                    kept[path] = files[path]
                    seen.add(files[path])
            return dict(sorted(kept.items()))
        """), [CLEANED], "train/a.png comes first in sorted order"),
        "training first": (tidied("""
            seen, kept = set(), {}
            for path in sorted(files, reverse=True):
                if path.startswith("test/") or files[path] not in seen:
                    kept[path] = files[path]
                    seen.add(files[path])
            return dict(sorted(kept.items()))
        """), both(CLEANED), "the training file goes"),
        "no copy of several": (tidied("""
            every = list(files.values())
            return {p: files[p] for p in sorted(files) if p.startswith("test/") or every.count(files[p]) == 1}
        """), [CLEANED], "ONE stays"),
        "only the leaks": (tidied("""
            tested = {data for path, data in files.items() if path.startswith("test/")}
            return {p: files[p] for p in sorted(files) if p.startswith("test/") or files[p] not in tested}
        """), [CLEANED], "train/a.png comes first in sorted order"),
        "not in order": (tidied("""
            seen = {data for path, data in files.items() if path.startswith("test/")}
            kept = {path: data for path, data in files.items() if path.startswith("test/")}
            for path in sorted(files, reverse=False):
                if path.startswith("train/") and files[path] not in seen:
                    kept[path] = files[path]
                    seen.add(files[path])
            return dict(sorted(kept.items(), reverse=True))
        """), both(CLEANED), "In sorted order"),
        "paths": (tidied("""
            return sorted(files)
        """), both(CLEANED), "Return a dict"),
    },
    "findings": {
        "a limit that takes strangers": (gathered(limit="30"), both(FINDINGS), "twins: precision"),
        "equal hashes only": (gathered(limit="0"), both(FINDINGS), "twins: recall"),
        "copies are twins": (gathered(twin="near"), both(FINDINGS), "is a copy in bytes"),
        "three labels": (gathered(count="3"), both(FINDINGS), "labels: recall"),
        "fifty labels": (gathered(count="50"), both(FINDINGS), "labels: precision"),
        "series of one side": (gathered(series="series['train']"), both(FINDINGS), "series: precision"),
        "all series": (gathered(series="series['train'] | series['test']"), both(FINDINGS), "series: precision"),
        "the best labels": (gathered(labels="[known[row] for row in range(12)]"), both(FINDINGS), "labels:"),
        "features in another order": (gathered(order="known[::-1]"), both(FINDINGS), "labels:"),
        "no copies": (gathered(copies="[]", twin="[p for p in near if p not in copies(files)]"), both(FINDINGS),
                      "copies: recall"),
        "misnamed left out": (gathered(misnamed="[]"), both(FINDINGS), "misnamed: recall"),
        "a list": (gathered(result="list(found)"), both(FINDINGS), "Return a dict"),
    },
}

RIGHT = {
    "broken": {
        "verify first": answer("broken(files)", """
            corrupt, misnamed = [], []
            for path, data in files.items():
                try:
                    with Image.open(io.BytesIO(data)) as image:
                        kind = image.format
                        np.asarray(image.convert("RGB"))
                except Exception:
                    corrupt.append(path)
                else:
                    if (kind == "PNG") != path.lower().endswith(".png"):
                        misnamed.append(path)
            return {"corrupt": sorted(corrupt), "misnamed": sorted(misnamed)}
        """),
        "two passes": answer("broken(files)", """
            from pathlib import PurePosixPath

            def kind(data):
                try:
                    image = Image.open(io.BytesIO(data))
                    image.tobytes()
                    return image.format
                except Exception:
                    return None

            kinds = {path: kind(data) for path, data in files.items()}
            wanted = lambda path: {".png": "PNG"}.get(PurePosixPath(path).suffix.lower(), "JPEG")
            return {
                "misnamed": sorted(p for p in kinds if kinds[p] and kinds[p] != wanted(p)),
                "corrupt": sorted(p for p in kinds if kinds[p] is None),
            }
        """),
        "by the first bytes": answer("broken(files)", """
            result = dict(corrupt=[], misnamed=[])
            for path in sorted(files):
                try:
                    picture(files[path]).load()
                except Exception:
                    result["corrupt"] += [path]
                    continue
                is_png = files[path].startswith(bytes([137]) + b"PNG")
                if is_png is not (path.rpartition(".")[2].upper() == "PNG"):
                    result["misnamed"] += [path]
            return result
        """),
    },
    "copies": {
        "sums": leaked("""
            import hashlib

            tested = {hashlib.sha256(files[path]).hexdigest() for path in files if path.startswith("test/")}
            leaks = []
            for path in sorted(files):
                if path[:6] == "train/" and hashlib.sha256(files[path]).hexdigest() in tested:
                    leaks.append(path)
            return leaks
        """),
        "two loops": leaked("""
            found = set()
            for one in files:
                for other in files:
                    if one.split("/")[0] == "train" and other.split("/")[0] == "test" and files[one] == files[other]:
                        found.add(one)
            return sorted(found)
        """),
        "a tuple": leaked("""
            by_bytes = {}
            for path, data in files.items():
                by_bytes.setdefault(data, []).append(path)
            leaks = []
            for paths in by_bytes.values():
                sides = [path.split("/", 1)[0] for path in paths]
                if "test" in sides:
                    leaks.extend(path for path, side in zip(paths, sides) if side == "train")
            return tuple(sorted(leaks))
        """),
    },
    "dhash": {
        "signed differences": bits("return (np.diff(grey.astype(int), axis=1) > 0).flatten()"),
        "loops": bits("return np.array([grey[r, c] < grey[r, c + 1] for r in range(8) for c in range(8)])"),
        "reshaped": bits("return np.less(grey[:, :8], grey[:, 1:9]).reshape(64)"),
    },
    "twins": {
        "loops": answer("twins(train, test, limit)", """
            pairs = []
            for i, one in enumerate(train):
                best, where = 65, None
                for j, other in enumerate(test):
                    apart = int(np.sum(one != other))
                    if apart < best:
                        best, where = apart, j
                if best <= limit:
                    pairs.append((i, where))
            return pairs
        """),
        "matrix product": answer("twins(train, test, limit)", """
            a, b = 2 * train.astype(int) - 1, 2 * test.astype(int) - 1
            apart = (64 - a @ b.T) // 2
            where = np.argmin(apart, axis=1)
            rows = np.flatnonzero(apart.min(axis=1) <= limit)
            return np.stack([rows, where[rows]], axis=1).tolist()
        """),
        "scipy": answer("twins(train, test, limit)", """
            from scipy.spatial.distance import cdist

            apart = np.rint(cdist(train, test, "hamming") * 64)
            return tuple((i, int(np.argmin(row))) for i, row in enumerate(apart) if row.min() <= limit)
        """),
    },
    "group_split": {
        "Python's own dice": answer("group_split(groups, share, seed)", """
            import random

            names = sorted(set(groups))
            random.Random(seed).shuffle(names)
            chosen = set()
            while sum(group in chosen for group in groups) < share * len(groups):
                chosen.add(names.pop())
            return np.array([group in chosen for group in groups], dtype=bool)
        """),
        "sums of sizes": answer("group_split(groups, share, seed)", """
            names, counts = np.unique(groups, return_counts=True)
            order = np.random.RandomState(seed).permutation(len(names))
            before = np.cumsum(counts[order]) - counts[order]
            return np.isin(groups, names[order[before < share * len(groups)]])
        """),
        "a random key for each group": answer("group_split(groups, share, seed)", """
            rng = np.random.default_rng(seed + 1000)
            keys = {name: rng.random() for name in dict.fromkeys(groups)}
            chosen, n = [], 0
            for name in sorted(keys, key=keys.get):
                if n >= share * len(groups):
                    break
                chosen.append(name)
                n += list(groups).count(name)
            return np.array([g in chosen for g in groups])
        """),
    },
    "kappa": {
        "scikit-learn": answer("kappa(first, second)", """
            from sklearn.metrics import cohen_kappa_score

            if len(set(first) | set(second)) == 1:
                return float("nan")
            return cohen_kappa_score(first, second)
        """),
        "a table": answer("kappa(first, second)", """
            names = sorted({*first, *second})
            table = np.zeros((len(names), len(names)))
            for one, two in zip(first, second):
                table[names.index(one), names.index(two)] += 1
            table /= table.sum()
            chance = table.sum(axis=0) @ table.sum(axis=1)
            return np.nan if len(names) == 1 else (np.trace(table) - chance) / (1 - chance)
        """),
        "counting": answer("kappa(first, second)", """
            from collections import Counter
            from fractions import Fraction

            n = len(first)
            one, two = Counter(first), Counter(second)
            agreed = Fraction(sum(a == b for a, b in zip(first, second)), n)
            chance = sum(Fraction(one[name] * two[name], n * n) for name in one)
            return float("nan") if chance == 1 else float((agreed - chance) / (1 - chance))
        """),
    },
    "suspects": {
        "scikit-learn's folds": answer("suspects(features, labels, folds, count)", """
            from sklearn.model_selection import LeaveOneGroupOut

            labels, own = np.array(labels), np.zeros(len(labels))
            for known, asked in LeaveOneGroupOut().split(features, labels, folds):
                model = classifier().fit(features[known], labels[known])
                table = dict(zip(model.classes_, model.predict_proba(features[asked]).T))
                nothing = np.zeros(len(asked))
                own[asked] = [table.get(name, nothing)[place] for place, name in enumerate(labels[asked])]
            return own.argsort(kind="stable")[:count].tolist()
        """),
        "sorted pairs": answer("suspects(features, labels, folds, count)", """
            told = []
            for fold in sorted(set(np.asarray(folds).tolist())):
                known = [row for row in range(len(labels)) if folds[row] != fold]
                model = classifier().fit(features[known], [labels[row] for row in known])
                for row in range(len(labels)):
                    if folds[row] == fold:
                        said = dict(zip(model.classes_, model.predict_proba(features[[row]])[0]))
                        told.append((said.get(labels[row], 0.0), row))
            return [row for _, row in sorted(told)][:count]
        """),
        "an array": answer("suspects(features, labels, folds, count)", """
            labels = np.array(labels)
            names, code = np.unique(labels, return_inverse=True)
            table = np.zeros((len(labels), len(names)))
            for fold in set(folds):
                rows = np.where(folds == fold)[0]
                others = np.where(folds != fold)[0]
                model = classifier().fit(features[others], labels[others])
                table[np.ix_(rows, np.searchsorted(names, model.classes_))] = model.predict_proba(features[rows])
            return np.argsort(table[range(len(labels)), code])[:count]
        """),
    },
    "cleaned": {
        "by bytes": tidied("""
            first = {}
            for path in sorted(files):
                if path.startswith("train/"):
                    first.setdefault(files[path], path)
            tests = {path: data for path, data in files.items() if path.startswith("test/")}
            kept = tests | {path: data for data, path in first.items() if data not in tests.values()}
            return {path: kept[path] for path in sorted(kept)}
        """),
        "with copies": tidied("""
            leaks = copies(files)
            result = {}
            for path in sorted(files):
                if path in leaks:
                    continue
                if path.startswith("train/") and any(
                    other.startswith("train/") and data == files[path] for other, data in result.items()
                ):
                    continue
                result[path] = files[path]
            return result
        """),
        "copy, then delete": tidied("""
            left = dict(sorted(files.items()))
            test = [data for path, data in left.items() if path.startswith("test/")]
            met = set(test)
            for path in [path for path in left if path.startswith("train/")]:
                data = left[path]
                if data in met:
                    del left[path]
                met.add(data)
            return left
        """),
    },
    "findings": {
        "another limit and more labels": gathered(limit="8", count="14"),
        "ten labels, shuffled folds": gathered().replace(
            "np.arange(len(known)) % 5, 12", "np.random.default_rng(0).permutation(len(known)) % 8, 13"),
        "the mean hash": answer("findings(files)", """
            found = dict(broken(files), copies=copies(files))
            good = [p for p in files if p not in found["corrupt"]]
            grey = {p: np.asarray(picture(files[p]).convert("L").resize((8, 8)), float) for p in good}
            shape = {p: (g - g.mean()).ravel() / np.linalg.norm(g - g.mean()) for p, g in grey.items()}
            train, test = ([p for p in good if p.startswith(part)] for part in ("train/", "test/"))
            known = np.array([shape[p] for p in test])
            found["twins"] = [p for p in train if (known @ shape[p]).max() > 0.985 and p not in found["copies"]]
            rows = suspects(np.array([features(files[p]) for p in train]), [p.split("/")[1] for p in train],
                            np.arange(len(train)) % 10, 12)
            found["labels"] = [train[row] for row in rows]
            names = [{p.split("/")[-1].split("-")[0] for p in files if p.startswith(part)} for part in ("train/", "test/")]
            found["series"] = sorted(set.intersection(*names))
            return found
        """),
    },
}

# Mutants of the reference solutions that are right answers, too: question -> name -> why.
FOLDS = "the number of folds is the student's choice"
LIMIT = "the limit of bits is the student's choice"
SOME = "10 to 15 labels may be named"
ANY_ORDER = "the order of what is found does not matter"
NOT_A_NUMBER = "0 / 0 of NumPy is nan, too"
EQUIVALENT = {
    "group_split": {
        "without unique: np.unique(groups) -> groups": "larger groups come earlier; whole groups are still drawn by the seed",
    },
    "kappa": {
        "branch: if chance == 1 -> if False": NOT_A_NUMBER,
        "constant: chance == 1 -> chance == 2": NOT_A_NUMBER,
    },
    "suspects": {
        "without unique: np.unique(folds) -> folds": "the same models, trained once for each picture",
    },
    "findings": {
        "without sorted: sorted(series['train'] & series['test']) -> series['train'] & series['test']": ANY_ORDER,
        "reversed: sorted(series['train'] & series['test']) -> sorted(series['train'] & series['test'])[::-1]": ANY_ORDER,
        "without sorted: sorted(files) -> files": ANY_ORDER,
        "reversed: sorted(files) -> sorted(files)[::-1]": ANY_ORDER,
        "dropped operand: np.arange(len(known)) % 5 -> np.arange(len(known))": FOLDS,
        "constant: np.arange(len(known)) % 5 -> np.arange(len(known)) % 6": FOLDS,
        "constant: np.arange(len(known)) % 5 -> np.arange(len(known)) % 4": FOLDS,
        "constant: suspects(described, [path.split('/')[1] for path in known], np.arange(len(known)) % 5, 12) -> susp …": SOME,
        "constant: suspects(described, [path.split('/')[1] for path in known], np.arange(len(known)) % 5, 12) -> susp … #2": SOME,
        "constant: twins(hashes['train'], hashes['test'], 6) -> twins(hashes['train'], hashes['test'], 7)": LIMIT,
        "constant: twins(hashes['train'], hashes['test'], 6) -> twins(hashes['train'], hashes['test'], 5)": LIMIT,
    },
}
