"""The text that Prometheus reads, taken apart.

    families = parse(text)
    families["agentic_monitor_probes_total"].type             # "counter"
    families["agentic_monitor_probes_total"].samples          # {(name, (("result", "ok"),)): 12.0, …}
"""

import dataclasses
import re

SAMPLE = re.compile(r'([a-z_:0-9]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="([^"\\]*)"(?:,|$)')


@dataclasses.dataclass
class Family:
    name: str
    help: str
    type: str = ""
    samples: dict = dataclasses.field(default_factory=dict)

    @property
    def labels(self):
        """Names of the labels, but for a histogram's le."""
        return {key for _, pairs in self.samples for key, _ in pairs} - {"le"}

    def value(self, suffix="", **labels):
        return self.samples[self.name + suffix, tuple(sorted(labels.items()))]

    def buckets(self):
        """[(upper end, count), …] in the order served, of a histogram without labels."""
        return [(float(dict(pairs)["le"]), value) for (name, pairs), value in self.samples.items()
                if name == self.name + "_bucket"]


def parse(text):
    """By name; AssertionError for a line that belongs to no family, or one without HELP and TYPE."""
    families, family = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in families, f"{name} is there twice"
            family = families[name] = Family(name, words)
        elif line.startswith("# TYPE "):
            assert family and line.split(" ")[2] == family.name and not family.type, line
            family.type = line.split(" ")[3]
        else:
            found = SAMPLE.fullmatch(line)
            assert found and family and family.type, line
            ends = ("_bucket", "_sum", "_count") if family.type == "histogram" else ("",)
            assert found[1] in [family.name + end for end in ends], line
            pairs = LABEL.findall(found[2] or "")
            assert ",".join(f'{k}="{v}"' for k, v in pairs) == (found[2] or ""), line
            family.samples[found[1], tuple(sorted(pairs))] = float(found[3])
    return families
