import sys

try:
    from .cli import main

    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be anything
    main()
except KeyboardInterrupt:  # while modules are imported, before `main` can hear it
    sys.exit(128 + 2)  # SIGINT
