"""The `weijing` command. Each part brings its own commands; they load when they are called."""

import os
import sys
from importlib import import_module

import click

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weijing.settings")

# name → where, needs Django, short help (so that `--help` loads nothing)
COMMANDS: dict[str, tuple[str, bool, str]] = {
    "init": ("weijing.core.commands:init", False, "Make the secrets file of this installation."),
    "db": ("weijing.core.commands:db", False, "Start, stop, migrate or copy the database."),
    "web": ("weijing.core.commands:web", True, "Serve the pages."),
    "worker": ("weijing.core.commands:worker", True, "Run the jobs; the only one to call WeCom."),
    "ingest": ("weijing.sync.ingest_command:ingest", False, "Receive WeCom's callbacks."),
    "simulator": ("weijing.core.commands:simulator", False, "Run a WeCom to try things against."),
    "sms-simulator": (
        "weijing.core.commands:sms_simulator", False, "Run an SMS gateway to try things against."
    ),
    "county": ("weijing.territory.commands:county", True, "Set up a county's divisions."),
    "officer": ("weijing.accounts.commands:officer", True, "Create accounts, give roles."),
    "tags": ("weijing.tags.commands:tags", True, "Load the tag catalogue."),
    "import-roll": (
        "weijing.residents.commands:import_roll", True, "Check or import a roll of residents."
    ),
    "duplicates": (
        "weijing.residents.merges.duplicates_command:duplicates_command", True,
        "Find and count records that may be one person.",
    ),
    "ways": (
        "weijing.residents.ways.ways_command:ways", True,
        "Make the codes residents scan to add officers.",
    ),
    "coverage": (
        "weijing.residents.figures.coverage_command:coverage",
        True,
        "Count or verify the coverage figures.",
    ),
    "audience": ("weijing.audiences.commands:audience", True, "Count who a message would reach."),
    "campaigns": (
        "weijing.campaigns.commands:campaigns", True, "Pause or resume all sending; see its state."
    ),
    "sync": ("weijing.sync.commands:sync", True, "Read officers, contacts and tags from WeCom."),
    "doctor": ("weijing.sync.doctor.command:doctor", True, "Prove that what must hold holds."),
    "demo": ("weijing.demo.commands:demo", False, "A whole county to look at, with its WeCom."),
    "django": ("weijing.core.commands:django_admin", True, "Django's own administration commands."),
}  # fmt: skip


class LazyGroup(click.Group):
    """Lists every command from `COMMANDS` and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        where, needs_django, _help = COMMANDS[cmd_name]
        if needs_django:
            import django

            django.setup()
        module, name = where.split(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[2]) for name, row in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="weijing")
def cli() -> None:
    """Weijing 微警: a police officer among every resident's WeChat contacts.

    `weijing COMMAND --help` explains a command.
    """


def main(args: list[str] | None = None) -> None:
    """Run the command line; an expected failure is one line, not a traceback."""
    from weijing.core.errors import DomainError

    try:
        cli.main(args, prog_name="weijing", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except DomainError as error:
        sys.exit(f"weijing: {error}")
