# What scripts/run and its sisters need before they can start: sourced by them, by bash.
#
# `prepare NAME` makes Python's packages of requirements/NAME.txt and the Debian packages of debian-packages.txt be
# there, and sets PYTHON to the interpreter that has them. Once made it is decided in a moment, without any network.
# Only the shared cache is written, $XDG_CACHE_HOME/callcenter or ~/.cache/callcenter; the checkout is not.

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:?}/.cache}/callcenter
OLDEST_PYTHON="3, 11"

say() { printf 'callcenter: %s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 2
}

prepare() {
    local name=$1
    shift
    debian_packages run "$@"
    local base
    base=$(find_python) || stop "Python 3.11 or newer is needed and not found; on Debian 12 or later it is python3"
    environment "$name" "$base"
    export PYTHONPATH=$CHECKOUT PYTHONPYCACHEPREFIX=$CACHE/pycache
}

# The newest-known first only when plain python3 is too old.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < ($OLDEST_PYTHON))" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# The tests of debian-packages.txt.
has_python() { find_python; }
has_asterisk() { [ -x "$CACHE/asterisk-22/root/usr/sbin/asterisk" ] || asterisk -V 2>/dev/null | grep -qE ' 22\.'; }

# Install what is missing for these purposes, after listing it.
debian_packages() {
    local package purpose there why missing=()
    while IFS='|' read -r package purpose there why; do
        package=${package// /} purpose=${purpose// /} there=${there// or / || }
        [[ $package == '' || $package == '#'* || " $* " != *" $purpose "* ]] && continue
        eval "$there" >/dev/null 2>&1 && continue
        ((${#missing[@]})) || say "Debian packages that are missing here:"
        printf '    %-18s%s\n' "$package" "$why" >&2
        missing+=("$package")
    done <"$CHECKOUT/debian-packages.txt"
    ((${#missing[@]})) || return 0

    command -v apt-get >/dev/null ||
        stop "this is no Debian: install what answers to ${missing[*]}, then start again"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || stop "have an administrator run: apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    say "installing them"
    # lists that could not be renewed may still do; the installing says what cannot be had
    "${as_root[@]}" apt-get -q update >&2 </dev/null || say "apt's lists could not all be renewed"
    "${as_root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        stop "${missing[*]} could not be installed (is there a network?); start again, it goes on from there"
}

# Make the virtual environment of this lock file and this Python, unless it is there. Sets PYTHON.
environment() {
    local name=$1 base=$2 lock=$CHECKOUT/requirements/$1.txt mark folder
    mark=$({ cat "$lock"; "$base" -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum)
    folder=$CACHE/venv-$name-${mark:0:16}
    PYTHON=$folder/bin/python
    [ -x "$PYTHON" ] && return

    mkdir -p "$CACHE" || stop "$CACHE cannot be written; set XDG_CACHE_HOME to a folder that can"
    (
        flock 9 # two starts at once: the second waits, and finds it made
        [ -x "$PYTHON" ] && exit
        say "Python packages of requirements/$name.txt, once: into $folder"
        # made beside, then renamed: what is there is whole, whenever an earlier set-up was cut off
        rm -rf "$folder.making"
        "$base" -m venv "$folder.making" || stop "the virtual environment could not be made in $CACHE"
        PIP_CACHE_DIR=$CACHE/pip PIP_DISABLE_PIP_VERSION_CHECK=1 \
            "$folder.making/bin/python" -m pip install --no-input --require-hashes --only-binary :all: -r "$lock" >&2 ||
            stop "the packages of requirements/$name.txt could not all be fetched (is there a network?);" \
                "start again, it goes on from there"
        mv "$folder.making" "$folder"
    ) 9>"$CACHE/setup.lock" </dev/null || exit $?
}
