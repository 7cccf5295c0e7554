#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the root of an image that has Holdfast and nothing else; run by docker/Dockerfile.
# Usage: bundle.sh BIN_DIR ROOT BINARY...
#
# /opt/holdfast has the binaries with all libraries that they need, the C library and the dynamic
# loader among them, and finds them by its own path. So it runs in any image of this architecture,
# also in one with another C library (Alpine) or none, and uses nothing of it.
set -eu
from=$1
root=$2
shift 2
home=$root/opt/holdfast
owner=65532

mkdir -p "$home/bin" "$home/lib" "$root/var/lib/dpkg/status.d" "$root/etc/ssl/certs" "$root/etc/holdfast"
mkdir "$root/tmp" && chmod 1777 "$root/tmp"
mkdir -p /owned/lib /owned/run
chmod 750 /owned/lib /owned/run

for name; do
  strip -o "$home/bin/$name" "$from/$name"
  chmod 755 "$home/bin/$name"
done

# ldd does not know of libpq, which is loaded when a store on PostgreSQL is opened.
libpq=$(ldconfig -p | awk '/libpq\.so\.5 / && !seen++ { print $NF }')
needed() {
  { for name; do ldd "$from/$name"; done; echo "$libpq"; ldd "$libpq"; } | grep -o '/[^ ]*' | sort -u
}
needed "$@" | while read -r library; do
  cp -L "$library" "$home/lib/${library##*/}"
  chmod 755 "$home/lib/${library##*/}"
done

# What comes from which package, in the form that image scanners read (distroless' images have it,
# too), and under which licence. dpkg knows some files by their paths before /usr was merged.
packages() {
  needed "$@" | while read -r library; do
    real=$(readlink -f "$library")
    echo "$real"
    echo "${real#/usr}"
  done | xargs dpkg -S 2>/dev/null | cut -d: -f1 | sort -u
}
packages "$@" | while read -r package; do
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
  mkdir -p "$home/share/doc/$package"
  cp -L "/usr/share/doc/$package/copyright" "$home/share/doc/$package/"
done
loader=$(basename "$(needed "$1" | grep /ld-linux)")
for name; do
  patchelf --set-interpreter "/opt/holdfast/lib/$loader" --force-rpath --set-rpath /opt/holdfast/lib \
    "$home/bin/$name"
done

# Programs with a time zone of their own (`timezone` of a schedule); a link for each alias.
mkdir -p "$root/usr/share/zoneinfo"
(cd /usr/share/zoneinfo && tar -c --exclude=./right --exclude=./posix .) | tar -x -C "$root/usr/share/zoneinfo"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'root:x:0:0:root:/:/sbin/nologin\nholdfast:x:%s:%s:Holdfast:/var/lib/holdfast:/sbin/nologin\n' \
  $owner $owner >"$root/etc/passwd"
printf 'root:x:0:\nholdfast:x:%s:\n' $owner >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
