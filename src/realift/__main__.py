"""``python -m realift`` is ``realift``."""

from realift.cli import main

if __name__ == "__main__":
    main()
