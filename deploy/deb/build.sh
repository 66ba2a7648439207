#!/bin/sh
# Makes a package of Debian: build.sh PROGRAM FOLDER. It asks no network, and the same program of the same
# commit gives the same bytes.
set -eu

[ $# -eq 2 ] || { echo "usage: $0 PROGRAM FOLDER" >&2; exit 2; }
program=$(realpath "$1")
folder=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
source=$(dirname "$(dirname "$here")")
name=aerodb-control
cd "$source"
umask 022

version=$("$program" --version | awk 'NR == 1 { print $2 }')
commit=$("$program" --version | awk '/^commit:/ { print $2 }')
# A build of no commit, or of more than one, must not look like the release that it came from.
case $commit in
    *-modified | unknown:) version="$version~modified" ;;
esac
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)
export SOURCE_DATE_EPOCH
maintainer=${DEB_MAINTAINER:-$(git log -1 --format='%an <%ae>' 2>/dev/null || true)}
[ -n "$maintainer" ] || { echo "say who makes the package: DEB_MAINTAINER='NAME <ADDRESS>'" >&2; exit 1; }
architecture=$(dpkg --print-architecture)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tree=$root/tree
doc=$tree/usr/share/doc/$name
install -d -m 755 "$tree" "$tree/DEBIAN" "$doc"

install -D -m 755 "$program" "$tree/usr/bin/$name"
install -D -m 644 deploy/settings.toml "$tree/etc/$name/settings.toml"
install -D -m 644 deploy/$name.service "$tree/lib/systemd/system/$name.service"
install -m 644 docs/install.md docs/upgrade.md deploy/alerts.yml deploy/grafana.json "$doc/"

completions() { mkdir -p "$(dirname "$2")"; "$program" completions "$1" > "$2"; }
completions bash "$tree/usr/share/bash-completion/completions/$name"
completions zsh "$tree/usr/share/zsh/vendor-completions/_$name"
completions fish "$tree/usr/share/fish/vendor_completions.d/$name.fish"

# The page of the program names those of its commands.
manual=$tree/usr/share/man/man1
mkdir -p "$manual"
"$program" man > "$manual/$name.1"
for page in $(sed 's/\\-/-/g' "$manual/$name.1" | grep -o "^$name-[a-z-]*(1)" | sed 's/(1)//'); do
    command=${page#"$name"-}
    [ "$command" = help ] || "$program" man "$command" > "$manual/$page.1"
done
gzip -9n "$manual"/*.1

cat > "$doc/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: $name

Files: *
Copyright: 2026 The authors of the AeroDB control plane
License: Apache-2.0
 On Debian systems the text of the license is in /usr/share/common-licenses/Apache-2.0.
END
gzip -9nc > "$doc/changelog.gz" <<END
$name ($version) unstable; urgency=medium

  * Made of commit $commit

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END

# What the loader will look for, from the packages that have it here.
mkdir -p "$root/shlibs/debian"
printf 'Source: %s\nPackage: %s\nArchitecture: any\n' $name $name > "$root/shlibs/debian/control"
libraries=$(cd "$root/shlibs" && dpkg-shlibdeps -O -e"$tree/usr/bin/$name" | sed 's/^shlibs:Depends=//')
cat > "$tree/DEBIAN/control" <<END
Package: $name
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size "$tree" | cut -f 1)
Depends: adduser, init-system-helpers (>= 1.54), $libraries
Section: database
Priority: optional
Description: console where people operate a replicated AeroDB cluster
 It shows the cluster as one observation, explains what an action would do, and
 sends that action once, after an operator confirmed the explanation. What was
 asked, explained, refused and run stands in a log that only grows.
 .
 The service is neither enabled nor started by this package, and no cluster is
 founded. It never acts by itself.
END
echo "/etc/$name/settings.toml" > "$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$tree/DEBIAN/$script"; done
(cd "$tree" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) > "$tree/DEBIAN/md5sums"
chmod 644 "$tree/DEBIAN/control" "$tree/DEBIAN/conffiles" "$tree/DEBIAN/md5sums"

package=$folder/${name}_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$package" > /dev/null
wc -c "$package"
