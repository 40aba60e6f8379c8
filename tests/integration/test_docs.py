"""What the documents say is so."""

import re

from support.procs import BUILD, ROOT


def run(spawn, *args):
    p = spawn(*args)
    assert p.wait() == 0, p.stderr()
    return p.stdout()


def test_env_example_is_what_the_tables_say(spawn):
    made = run(spawn, str(ROOT / "scripts" / "env-example"), BUILD / "bin")
    assert (ROOT / ".env.example").read_text() == made, "run `make env-example`"


def test_readme_names_only_settings_that_exist(spawn):
    known = set(re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"\b([A-Z][A-Z0-9_]+)=", readme))
    assert used and used <= known, used - known


def test_every_link_of_the_documents_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"`make ([a-z-]+)`|^    make ([a-z-]+)", document.read_text(), re.M):
            name = target[0] or target[1]
            assert name in targets, f"{document.name}: make {name}"
