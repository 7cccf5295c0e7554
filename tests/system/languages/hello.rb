# SPDX-License-Identifier: Apache-2.0
# The gem sd_notify. Answers "Ruby" on its only socket.
require 'sd_notify'
require 'socket'

listener = TCPServer.for_fd(3)
SdNotify.notify("READY=1\nSTATUS=by sd_notify") or abort 'not sent'
loop do
  client = listener.accept
  client.puts 'Ruby'
  client.close
end
