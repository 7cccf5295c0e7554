module hello

go 1.19

require github.com/coreos/go-systemd/v22 v22.3.2

// The module that Debian packages.
replace github.com/coreos/go-systemd/v22 => /usr/share/gocode/src/github.com/coreos/go-systemd
