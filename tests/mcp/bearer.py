"""A door in front of a server that wants a token: passes every request on with it, for checkers that can't send one."""

import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Headers that count for one connection only.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Door(ThreadingHTTPServer):
    """Whoever breaks a connection off is no fault."""

    daemon_threads = True

    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)


def passing_on(port, token):
    """The handler in front of a port of this machine."""

    class PassingOn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            # Whether the server refuses a foreign `Host` or `Origin` is what a checker looks at: only the door's own becomes the server's.
            own = self.server.server_port
            headers = {name: value.replace(f":{own}", f":{port}") for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            inner = http.client.HTTPConnection("127.0.0.1", port)
            try:
                inner.request(self.command, self.path, body, headers | {"Authorization": f"Bearer {token}"})
                answer = inner.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                if answer.status in (204, 304):
                    self.end_headers()
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                # As it comes, for a stream of events may stay open.
                while piece := answer.read1(65536):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                # Whoever asked has gone, or the server has.
                self.close_connection = True
            finally:
                inner.close()

        do_GET = do_POST = do_DELETE = do_OPTIONS = do_PUT = pass_on

        def log_message(self, *_):
            """Nothing: the server's log tells."""

    return PassingOn


def open_door(port, token):
    """Opens the door; gives its own port."""
    door = Door(("127.0.0.1", 0), passing_on(port, token))
    threading.Thread(target=door.serve_forever, daemon=True).start()
    return door.server_port
