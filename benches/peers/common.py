"""What the scripts share: the program, medians, tables."""
import json, os, platform, statistics, subprocess, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEXMAX = os.environ.get("LEXMAX", os.path.join(ROOT, "target", "release", "lexmax"))


def lexmax(*arguments):
    """Runs lexmax with --json and returns what it reports."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        subprocess.run([LEXMAX, *map(str, arguments), "--json", report], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(report) as file:
            return json.load(file)


def median(values):
    return statistics.median(values)


def table(headings, rows):
    print("| " + " | ".join(headings) + " |")
    print("|" + "|".join(["---"] + ["---:"] * (len(headings) - 1)) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores"
