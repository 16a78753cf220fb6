"""Writes reference.json: what SciPy and NumPy say of some made-up tables.

Run by hand with SciPy 1.17: python3 reference.py > reference.json
The Longley case is NIST's (Statistical Reference Datasets, linear regression).
"""
import json, sys
import numpy as np
from scipy import stats

rng = np.random.default_rng(20261124)
cases = []


def case(name, operation, columns, arguments, figures):
    cases.append({"name": name, "operation": operation, "columns": columns, "arguments": arguments,
                  "figures": {k: float(v) for k, v in figures.items()}})


def col(xs):
    return [repr(float(x)) for x in xs]


x = rng.normal(50, 12, 60).round(3)
y = (0.7 * x + rng.normal(0, 9, 60)).round(3)
far = (x + 1e9).round(3)
tied = rng.integers(1, 6, 60).astype(float)
g = ["north" if v else "south" for v in rng.integers(0, 2, 60)]
shift = (y + np.where(np.array(g) == "north", 6, 0)).round(3)

q = np.quantile(x, [0.25, 0.5, 0.75])
case("sixty values", "summary", {"x": col(x)}, {"columns": ["x"]},
     {"count": 60, "mean": np.mean(x), "std": np.std(x, ddof=1), "min": x.min(), "q1": q[0], "median": q[1], "q3": q[2], "max": x.max(), "sum": x.sum()})
for name, xs in (("plain", x), ("far from zero", far), ("with ties", tied)):
    r = stats.pearsonr(xs, y)
    ci = r.confidence_interval(0.95)
    case("pearson " + name, "correlation", {"x": col(xs), "y": col(y)}, {"x": "x", "y": "y", "method": "pearson"},
         {"coefficient": r.statistic, "p_value": r.pvalue, "lower_95": ci.low, "upper_95": ci.high})
    r = stats.spearmanr(xs, y)
    case("spearman " + name, "correlation", {"x": col(xs), "y": col(y)}, {"x": "x", "y": "y", "method": "spearman"},
         {"coefficient": r.statistic, "p_value": r.pvalue})
a = np.array([v for v, k in zip(shift, g) if k == "north"])
b = np.array([v for v, k in zip(shift, g) if k == "south"])
r = stats.ttest_ind(a, b, equal_var=False)
ci = r.confidence_interval(0.95)
case("welch", "t_test", {"value": col(shift), "group": g}, {"value": "value", "group": "group", "groups": ["north", "south"]},
     {"t": r.statistic, "p_value": r.pvalue, "degrees_of_freedom": r.df, "lower_95": ci.low, "upper_95": ci.high, "mean_a": a.mean(), "mean_b": b.mean()})
for name, xs in (("plain", shift), ("with ties", tied)):
    a = np.array([v for v, k in zip(xs, g) if k == "north"])
    b = np.array([v for v, k in zip(xs, g) if k == "south"])
    r = stats.mannwhitneyu(a, b, alternative="two-sided", method="asymptotic", use_continuity=True)
    case("mann-whitney " + name, "mann_whitney", {"value": col(xs), "group": g}, {"value": "value", "group": "group", "groups": ["north", "south"]},
         {"u": r.statistic, "p_value": r.pvalue})
kinds = [["red", "green", "blue"][i] for i in rng.integers(0, 3, 200)]
sizes = [["small", "large"][int(k == "red" and u < 0.7 or u < 0.3)] for k, u in zip(kinds, rng.random(200))]
table = [[sum(1 for p, s in zip(kinds, sizes) if (p, s) == (i, j)) for j in ("large", "small")] for i in ("blue", "green", "red")]
r = stats.chi2_contingency(table, correction=False)
case("three by two", "chi_square", {"kind": kinds, "size": sizes}, {"row": "kind", "column": "size"},
     {"chi_square": r.statistic, "p_value": r.pvalue, "degrees_of_freedom": r.dof, "least_expected": r.expected_freq.min(),
      "cramers_v": stats.contingency.association(table, method="cramer")})
r = stats.linregress(x, y)
case("one predictor", "linear_regression", {"x": col(x), "y": col(y)}, {"y": "y", "x": ["x"]},
     {"r_squared": r.rvalue ** 2, "p_value": r.pvalue, "intercept": r.intercept, "x": r.slope, "std_error x": r.stderr, "std_error intercept": r.intercept_stderr})
longley = """60323 83.0 234289 2356 1590 107608 1947
61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949
61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951
63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953
63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955
67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957
66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959
69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961
70551 116.9 554894 4007 2827 130081 1962"""
rows = [l.split() for l in longley.splitlines()]
names = ["y", "x1", "x2", "x3", "x4", "x5", "x6"]
case("NIST Longley, certified", "linear_regression", {n: [r[i] for r in rows] for i, n in enumerate(names)}, {"y": "y", "x": names[1:]},
     {"intercept": -3482258.63459582, "x1": 15.0618722713733, "x2": -0.358191792925910E-01, "x3": -2.02022980381683,
      "x4": -1.03322686717359, "x5": -0.511041056535807E-01, "x6": 1829.15146461355,
      "std_error intercept": 890420.383607373, "std_error x1": 84.9149257747669, "std_error x2": 0.334910077722432E-01,
      "std_error x6": 455.478499142212, "r_squared": 0.995479004577296, "residual_std_error": 304.854073561965, "f": 330.285339234588})
json.dump(cases, sys.stdout, indent=1)
