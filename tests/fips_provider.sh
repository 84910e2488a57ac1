#!/usr/bin/env bash
# Builds OpenSSL's FIPS provider from Debian's own source into DIR, for the tests of FIPS mode:
#     tests/fips_provider.sh DIR
# Debian ships no provider. It runs the module's self tests, but is no validated module: a validated one
# is built from a listed version, unchanged, in the way its security policy says.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
[ -s "$dir/openssl.cnf" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/sources" "$work/lists/partial"
# The machine's own sources, asked for source packages.
for list in /etc/apt/sources.list.d/debian*.sources; do
  sed 's/^Types: *deb *$/Types: deb-src/' "$list" >"$work/sources/$(basename "$list")"
done
[ -s /etc/apt/sources.list ] && sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/sources/main.list"
options=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources" -o "Dir::State::lists=$work/lists")
cd "$work"
{
  apt-get "${options[@]}" update
  apt-get "${options[@]}" -o APT::Sandbox::User=root source --download-only openssl
  mkdir source && tar -xf openssl_*.orig.tar.gz -C source --strip-components=1
  cd source
  ./Configure enable-fips no-tests no-legacy no-engine
  make -s build_generated
  make -s -j"$(nproc)" providers/fips.so
} >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
cp providers/fips.so "$dir/"
openssl fipsinstall -quiet -module "$dir/fips.so" -out "$dir/fipsmodule.cnf"
cat >"$dir/openssl.cnf" <<END
config_diagnostics = 1
openssl_conf = openssl_init
.include $dir/fipsmodule.cnf
[openssl_init]
providers = providers
alg_section = algorithms
[providers]
fips = fips_sect
base = base_sect
[base_sect]
activate = 1
[algorithms]
default_properties = fips=yes
END
