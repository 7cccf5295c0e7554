// SPDX-License-Identifier: Apache-2.0
// github.com/coreos/go-systemd. Answers "Go" on the socket named "go".
package main

import (
	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"log"
)

func main() {
	listeners, err := activation.ListenersWithNames()
	if err != nil || len(listeners["go"]) != 1 {
		log.Fatal("no socket: ", err)
	}
	if sent, err := daemon.SdNotify(false, "READY=1\nSTATUS=by go-systemd"); !sent {
		log.Fatal("not sent: ", err)
	}
	for {
		client, err := listeners["go"][0].Accept()
		if err != nil {
			log.Fatal(err)
		}
		client.Write([]byte("Go\n"))
		client.Close()
	}
}
