"""The command line: the installed script, and ``python -m dvfs_kernel`` without it."""

import signal

__all__ = ["main"]


def main() -> None:
    """Run ``dvfs``.

    Loading the commands takes a third of a second, in which nobody would catch what Ctrl-C raises:
    until they are there, it ends the process without a word, as it does any other program.
    """
    is_interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_interruptible:  # not behind nohup
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dvfs_kernel.commands.cli import main as run_commands  # noqa: PLC0415  takes its time

    if is_interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_commands()


if __name__ == "__main__":
    main()
