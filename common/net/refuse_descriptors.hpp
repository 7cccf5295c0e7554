// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whoever can write to a Unix socket can send descriptors along (SCM_RIGHTS), and the last holder
// of a descriptor closes it in its own thread: the receiver, even one that never asks for control
// data, when it reads the message or closes the socket. Closing can take long: a TCP socket with
// unsent data and SO_LINGER waits for as long as its sender has chosen, a file on a network waits
// for its server. So no socket on which we listen or read takes any; Linux refuses them from 6.16
// on, with EPERM for the sender.
//
// Not for a listener that another program serves, which may want descriptors.
//
// Threads: any.

namespace holdfast::net {

// Of a Unix socket, with an effect on its connections that are made from then on if it listens; of
// any other socket it does nothing. Returns whether descriptors are refused now: false on an older
// kernel, too.
bool refuse_descriptors(int socket);

}  // namespace holdfast::net
