# Sourced by `run` and `size`.
source ../../.ci/needs.sh
TARGET=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$TARGET
OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT
failed=0

need_file() { # file, packages
    [[ -e $1 ]] || install_packages "${@:2}"
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
