# Sourced by the scripts that need more than Rust: what a machine lacks is installed.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() { # of Debian
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y "$@" >/dev/null
}

need() { # a program, and the packages that bring it
    command -v "$1" >/dev/null || install_packages "${@:2}"
}

need_cargo() { # a subcommand
    cargo "$1" --version 2>/dev/null || cargo install --locked --quiet "cargo-$1"
}
