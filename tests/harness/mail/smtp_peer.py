#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server that is not ours (aiosmtpd), for tests, on a free port of 127.0.0.1.

It takes every mail, but for recipients whose local part says what befalls it: see REFUSED and the verbs below.
DIRECTORY gets `port` once it listens, `commands` with a line for each command, and of each mail, whatever became
of it, the bytes as `<n>.eml`.
"""
import argparse
import asyncio
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

NOBODY = "550 5.1.1 No such mailbox"
REFUSED = {"nobody": NOBODY, "sulks": NOBODY, "busy": "450 4.2.0 Later"}  # at RCPT
REFUSED_WHOLE = {"spam": "554 5.7.1 Spam", "full": "451 4.3.1 Later"}  # after the final dot
# hangs: no answer to RCPT. slow: one after 800 ms. cut: the connection is lost in the mail.
# silent: no answer to the final dot. dropped: the connection is lost then. stays, sulks: no answer to QUIT.


def local_part(envelope):
    return envelope.rcpt_tos[0].partition("@")[0] if envelope.rcpt_tos else ""


async def for_ever():
    await asyncio.Event().wait()


class Handler:
    def __init__(self, directory):
        self.directory = directory
        self.mails = 0

    def note(self, *words):
        with open(os.path.join(self.directory, "commands"), "a", encoding="ascii") as commands:
            print(*words, file=commands)

    def keep(self, content):
        with open(os.path.join(self.directory, f"{self.mails}.eml"), "wb") as mail:
            mail.write(content)
        self.mails += 1

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.note("EHLO", hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.note("MAIL", address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.note("RCPT", address)
        envelope.rcpt_tos.append(address)
        server.stays = local_part(envelope) in ("stays", "sulks")
        if local_part(envelope) == "hangs":
            await for_ever()
        if local_part(envelope) == "slow":
            await asyncio.sleep(0.8)
        return REFUSED.get(local_part(envelope), "250 OK")

    async def handle_DATA(self, server, session, envelope):
        self.note("DATA")
        self.keep(envelope.content)
        recipient = local_part(envelope)
        if recipient == "dropped":
            server.transport.abort()
        if recipient in ("dropped", "silent"):
            await for_ever()
        return REFUSED_WHOLE.get(recipient, "250 OK")

    async def handle_QUIT(self, server, session, envelope):
        self.note("QUIT")
        if server.stays:
            await for_ever()
        return "221 Bye"


class Server(SMTP):
    stays = False

    async def smtp_DATA(self, arg):
        if local_part(self.envelope) != "cut":
            return await super().smtp_DATA(arg)
        await self.push("354 Go on")
        await self._reader.readline()
        self.transport.abort()


class Mute(asyncio.Protocol):
    """Takes connections and says nothing."""


def tls_of(args):
    if args.tls == "none":
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args.certificate, args.key)
    return context


def server_of(args, handler):
    def authenticate(server, session, envelope, mechanism, login):
        account = (login.login + b":" + login.password).decode()
        handler.note("AUTH", mechanism)
        return AuthResult(success=account == args.account, handled=account == args.account)

    return Server(
        handler,
        hostname="localhost",
        tls_context=tls_of(args) if args.tls == "starttls" else None,
        require_starttls=args.tls == "starttls",
        auth_required=bool(args.account),
        auth_require_tls=False,
        auth_exclude_mechanism=None if args.account else ["PLAIN", "LOGIN"],
        authenticator=authenticate,
    )


async def serve(args):
    handler = Handler(args.directory)
    implicit = tls_of(args) if args.tls == "implicit" else None
    protocol = Mute if args.mute else lambda: server_of(args, handler)
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=implicit)
    port = os.path.join(args.directory, "port")
    with open(port + ".new", "w", encoding="ascii") as file:
        print(server.sockets[0].getsockname()[1], file=file)
    os.rename(port + ".new", port)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--account", default="", help="USER:PASSWORD that must log in")
    parser.add_argument("--mute", action="store_true", help="never greet")
    asyncio.run(serve(parser.parse_args()))


main()
