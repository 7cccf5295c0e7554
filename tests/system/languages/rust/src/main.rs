// SPDX-License-Identifier: Apache-2.0
// The crates sd-notify and listenfd. Answers "Rust" on its only socket.
use sd_notify::NotifyState;
use std::io::Write;
use std::os::unix::io::AsRawFd;

fn main() -> std::io::Result<()> {
    let mut handed = listenfd::ListenFd::from_env();
    let listener = handed.take_tcp_listener(0)?.expect("no socket");
    sd_notify::notify(false, &[NotifyState::Ready, NotifyState::Status("by sd-notify")])?;
    let mut waiting = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    loop {
        unsafe { libc::poll(&mut waiting, 1, -1) };
        if let Ok((mut client, _)) = listener.accept() {
            client.write_all(b"Rust\n")?;
        }
    }
}
