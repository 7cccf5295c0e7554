// SPDX-License-Identifier: Apache-2.0
// The crates sd-notify and listenfd. Answers "Rust" on its only socket, which is blocking.
use sd_notify::NotifyState;
use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut handed = listenfd::ListenFd::from_env();
    let listener = handed.take_tcp_listener(0)?.expect("no socket");
    sd_notify::notify(false, &[NotifyState::Ready, NotifyState::Status("by sd-notify")])?;
    loop {
        let (mut client, _) = listener.accept()?;
        client.write_all(b"Rust\n")?;
    }
}
