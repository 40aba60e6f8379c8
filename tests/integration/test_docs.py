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


def test_settings_doc_is_what_the_tables_say(spawn):
    made = run(spawn, str(ROOT / "scripts" / "settings-doc"), BUILD / "bin")
    assert (ROOT / "docs" / "settings.md").read_text() == made, "run `make settings-doc`"


def test_settings_doc_has_each_setting_and_nothing_else():
    """The script reads the tables' lines: what it does not recognise would be missing here."""
    known = re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| \S+ \|", text, re.M)
    assert set(rows) == set(known)


def test_documents_name_only_settings_that_exist():
    known = set(re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    known |= {f"{name}_FILE" for name in known if re.search("KEY|PASSWORD", name)}
    files = [*ROOT.glob("docker-compose*.yml"), *ROOT.glob("deploy/compose/*.yml")]
    compose = "".join(f.read_text() for f in files)
    known |= set(re.findall(r"\$\{([A-Z0-9_]+)", compose)) | {"COMPOSE_FILE", "NAME_FILE"}
    for name in ("README", "docs/quick-start", "docs/your-service", "docs/operations", "docs/faq"):
        text = (ROOT / f"{name}.md").read_text()
        used = set(re.findall(r"\b([A-Z][A-Z0-9_]+)=|`([A-Z]+_[A-Z0-9_]+)`", text))
        used = {assigned or told for assigned, told in used}
        assert used and used <= known, f"{name}: {used - known}"


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")]


def anchors(document):
    """What a heading can be linked to by."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_link_of_the_documents_leads_somewhere():
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^):]+)\)", document.read_text()):
            path, _, anchor = link.partition("#")
            there = document.parent / path if path else document
            assert there.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(there), f"{document.name}: {link}"


def test_every_document_is_in_the_index():
    linked = set(re.findall(r"\]\((\S+?)\)", (ROOT / "docs" / "README.md").read_text()))
    assert {f.name for f in ROOT.glob("docs/*.*")} - {"README.md"} <= linked


def test_each_alert_has_its_section():
    rules = "".join(f.read_text() for f in ROOT.glob("deploy/prometheus/*.yml"))
    alerts = (ROOT / "docs" / "operations.md").read_text().split("\n## Alerts\n")[1]
    assert set(re.findall(r"^### (\w+)$", alerts, re.M)) == set(re.findall(r"alert: (\w+)", rules))


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    for document in DOCUMENTS:
        for target in re.findall(r"`make ([a-z-]+)`|^    make ([a-z-]+)", document.read_text(), re.M):
            name = target[0] or target[1]
            assert name in targets, f"{document.name}: make {name}"
