# Sourced by test/integration and test/conformance: installs what they run, by
# name and pinned version, into COMPAT_CACHE, and once only. A missing tool is
# named; nothing outside the cache is changed.

need() { # PROGRAM WHAT-FOR
  command -v "$1" >/dev/null || { echo "$1 is missing: it is needed for $2" >&2; exit 1; }
}

# stale FOLDER FILES...: whether the folder was not installed from these files
stale() {
  local dir=$1; shift
  [ "$(cat "$dir/.installed" 2>/dev/null)" != "$(cat "$@" | cksum)" ]
}

python_clients() { # NAME: test/compat/requirements-NAME.txt
  local dir=$COMPAT_CACHE/$1 files="test/compat/requirements-$1.txt test/compat/constraints-$1.txt"
  need python3 "the Python clients"
  stale "$dir" $files || { echo "-- Python clients ($1): in $dir"; return; }
  echo "-- installing Python clients ($1)"
  rm -rf "$dir"
  python3 -m venv "$dir"
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check -r "test/compat/requirements-$1.txt" -c "test/compat/constraints-$1.txt"
  cat $files | cksum > "$dir/.installed"
}

node_clients() {
  local dir=$COMPAT_CACHE/npm files="test/compat/package.json test/compat/package-lock.json"
  need node "the npm clients"
  need npm "the npm clients"
  stale "$dir" $files || { echo "-- npm clients: in $dir"; return; }
  echo "-- installing npm clients"
  rm -rf "$dir"
  mkdir -p "$dir"
  cp $files "$dir"
  # No install scripts: nothing published runs before a test asks it to.
  (cd "$dir" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  cat $files | cksum > "$dir/.installed"
}

# modern_node sets NODE to a Node of at least 22: the one found, or the npm
# registry's package of the binary.
modern_node() {
  NODE=$(command -v node || true)
  if [ -n "$NODE" ] && [ "$("$NODE" -p 'parseInt(process.versions.node)')" -ge 22 ]; then return; fi
  local dir=$COMPAT_CACHE/node22 version=22.23.3 arch
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) arch=linux-x64 ;;
    Linux-aarch64) arch=linux-arm64 ;;
    Darwin-arm64) arch=darwin-arm64 ;;
    *) echo "Node 22 or newer is missing: MCP's conformance tool needs it, and npm has no package of it for this machine" >&2; exit 1 ;;
  esac
  NODE=$dir/node_modules/node-$arch/bin/node
  [ "$("$NODE" -p process.versions.node 2>/dev/null)" = "$version" ] && return
  echo "-- installing Node $version for MCP's conformance tool"
  mkdir -p "$dir"
  (cd "$dir" && echo '{"private":true}' > package.json && npm install --silent --no-audit --no-fund --no-save --ignore-scripts "node-$arch@$version")
}
