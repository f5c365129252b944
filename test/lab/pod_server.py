"""What runs in a pod: an HTTP server that names itself and its caller, as nginxdemos/hello does."""

import http.server
import socket
import socketserver
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered: head and body leave together, as any real server sends so short an answer
    pod = node = ""

    def do_GET(self):
        body = f"pod: {self.pod}\nnode: {self.node}\ncaller: {self.client_address[0]}\nport: {self.server.server_address[1]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    """One dual-stack socket."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def main() -> None:
    Handler.pod, Handler.node = sys.argv[1:3]
    servers = [Server(("::", int(port)), Handler) for port in sys.argv[3:]]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
