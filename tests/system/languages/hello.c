// SPDX-License-Identifier: Apache-2.0
// libsystemd. Answers "C" on the socket named "c".
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

int main(void) {
  char** names = NULL;
  const int count = sd_listen_fds_with_names(1, &names);
  int listener = -1;
  for (int i = 0; i < count; ++i)
    if (strcmp(names[i], "c") == 0) listener = SD_LISTEN_FDS_START + i;
  if (listener < 0) return 78;
  if (sd_notify(0, "READY=1\nSTATUS=by libsystemd") <= 0) return 78;
  for (;;) {
    struct pollfd waiting = {listener, POLLIN, 0};
    poll(&waiting, 1, -1);
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    if (write(client, "C\n", 2) != 2) return 1;
    close(client);
  }
}
