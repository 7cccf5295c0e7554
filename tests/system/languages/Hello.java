// SPDX-License-Identifier: Apache-2.0
// libsystemd by JNA, and a port of its own, since Java takes no descriptor. Answers "Java".
import com.sun.jna.Library;
import com.sun.jna.Native;
import java.net.InetAddress;
import java.net.ServerSocket;

public class Hello {
  public interface Systemd extends Library {
    int sd_notify(int unset, String state);
  }

  public static void main(String[] arguments) throws Exception {
    try (var listener = new ServerSocket(Integer.parseInt(arguments[0]), 50, InetAddress.getLoopbackAddress())) {
      if (Native.load("systemd", Systemd.class).sd_notify(0, "READY=1\nSTATUS=by JNA") <= 0) {
        System.exit(78);
      }
      while (true) {
        try (var client = listener.accept()) {
          client.getOutputStream().write("Java\n".getBytes());
        }
      }
    }
  }
}
