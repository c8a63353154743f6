#!/usr/bin/env bash
# Make sure a Debian package's program or library is there; install it when we are root, else say what to do.
set -eu
package=$1
case "$package" in
  python3-venv) python3 -c 'import ensurepip' 2>/dev/null && exit 0 ;;
  libpangoft2-1.0-0) # asked the way WeasyPrint will ask
    python3 -c 'import ctypes, ctypes.util as u; ctypes.CDLL(u.find_library("pangoft2-1.0") or "libpangoft2-1.0.so.0")' \
      2>/dev/null && exit 0 ;;
  *) command -v "$package" >/dev/null 2>&1 && exit 0 ;;
esac
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "· Cài $package bằng apt-get / installing $package with apt-get …"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
else
  echo "Cần gói $package. Hãy chạy / please run:  sudo apt-get install -y $package" >&2
  exit 1
fi
