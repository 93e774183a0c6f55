# Sourced by `run` and `size`.
TARGET=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$TARGET
OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT
failed=0

install() {
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y "$@" >/dev/null
}

need() { # command, package
    command -v "$1" >/dev/null || install "$2"
}

need_file() { # file, packages
    [[ -e $1 ]] || install "${@:2}"
}

targets() {
    rustup -q target add "$@" 2>/dev/null
}

build() {
    cargo build --quiet --locked "$@"
}

check() { # true or 1 where it holds, what
    if [[ $1 == true || $1 == 1 ]]; then
        echo "ok  $2"
    else
        echo "NOT $2"
        failed=$((failed + 1))
    fi
}

finish() {
    ((failed == 0)) && return
    echo "$failed checks failed"
    exit 1
}
