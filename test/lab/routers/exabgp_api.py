"""ExaBGP's API process: appends to a file what ExaBGP tells on standard input, one JSON document a line. Ends with it."""

import sys


def main() -> None:
    with open(sys.argv[1], "a") as file:
        for line in sys.stdin:
            file.write(line)
            file.flush()


if __name__ == "__main__":
    main()
