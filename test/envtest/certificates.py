"""A certificate authority of one test run, by the openssl program: keys are EC P-256, everything ends after two days."""

import os
import subprocess


class Authority:
    def __init__(self, directory: str):
        self._directory = directory
        self.certificate = self._path("ca.crt")
        self._issue("ca", "/CN=envtest", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature")

    def server(self, name: str, *subject_names: str) -> tuple[str, str]:
        """Paths of certificate and key; names as openssl writes them, such as IP:127.0.0.1 or DNS:localhost."""
        return self._issue(name, f"/CN={name}", f"subjectAltName={','.join(subject_names)}", "extendedKeyUsage=serverAuth", signed=True)

    def client(self, user: str, *groups: str) -> tuple[str, str]:
        """Kubernetes takes the common name for the user and each organisation for a group."""
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        return self._issue(user, subject, "extendedKeyUsage=clientAuth", signed=True)

    def key(self, name: str) -> str:
        """A key without a certificate, in the format that the API server also reads the public half from (PKCS 8 it is not)."""
        path = self._path(f"{name}.key")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        return path

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _issue(self, name: str, subject: str, *extensions: str, signed: bool = False) -> tuple[str, str]:
        certificate, key = self._path(f"{name}.crt"), self._path(f"{name}.key")
        issuer = ["-CA", self.certificate, "-CAkey", self._path("ca.key")] if signed else []
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", subject, *issuer,
                 *added, "-keyout", key, "-out", certificate)
        return certificate, key


def openssl(*arguments: str) -> None:
    # Without the machine's configuration file, whose extensions would come on top.
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, env={**os.environ, "OPENSSL_CONF": "/dev/null"})
    if result.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {result.stderr.strip()}")
