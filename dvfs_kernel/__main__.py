"""``python -m dvfs_kernel``: the command line without the installed script."""

from dvfs_kernel.commands.cli import main

main()
