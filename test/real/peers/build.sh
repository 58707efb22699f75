#!/usr/bin/env bash
# Builds the real peers of the network tests (OpenTelemetry Collector, Loki with logcli) from their Go modules and prints
# their folder. The result is kept by content: the same manifest, version, script and Go give the same folder, built once.
#   build.sh collector|loki
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
peer=${1:?usage: build.sh collector|loki}
builder_version=v0.158.0
loki_version=v3.7.8

key=$(cat "$here/build.sh" "$here/collector/builder.yaml" <(go version) | sha256sum | cut -c1-16)
target=${XDG_CACHE_HOME:-$HOME/.cache}/otel-hids/peers/$peer-$key
if [ -e "$target/done" ]; then
  echo "$target"
  exit 0
fi
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$target"
cd "$work"

case $peer in
collector)
  GOBIN=$work/bin go install "go.opentelemetry.io/collector/cmd/builder@$builder_version" >&2
  cp "$here/collector/builder.yaml" .
  ./bin/builder --config builder.yaml >&2
  cp build/otelcol-hids-test "$target/otelcol"
  ;;
loki)
  # Loki cannot be installed by version, since its go.mod has replaces: a module of our own takes them over.
  module=$(go mod download -json "github.com/grafana/loki/v3@$loki_version")
  field() { printf '%s' "$module" | sed -n "s/^.*\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"; }
  gomod=$(field GoMod)
  dir=$(field Dir)
  {
    echo 'module otel-hids/test/loki'
    grep -v -e '^module ' -e 'grafana/loki/pkg/push =>' "$gomod"
    echo "require github.com/grafana/loki/v3 $loki_version"
  } > go.mod
  cp "$dir/go.sum" go.sum
  chmod u+w go.sum
  go build -mod=mod -o "$target/loki" github.com/grafana/loki/v3/cmd/loki >&2
  go build -mod=mod -o "$target/logcli" github.com/grafana/loki/v3/cmd/logcli >&2
  ;;
*)
  echo "unknown peer: $peer" >&2
  exit 2
  ;;
esac
touch "$target/done"
echo "$target"
