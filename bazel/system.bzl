# SPDX-License-Identifier: Apache-2.0
"""What the distribution installed, as Bazel targets: libraries by pkg-config, .proto files by path."""

_NOT_INSTALLED = "%s is not installed: run ./guestpass help, which says what installs it.\n%s"

# A library that pkg-config does not know: it is there if its header is, and all that is linked is said.
def _plain_library_impl(ctx):
    if not ctx.path("/usr/include/" + ctx.attr.header).exists:
        fail(_NOT_INSTALLED % (ctx.name, ctx.attr.header))
    ctx.file("BUILD", """
cc_library(
    name = "%s",
    linkopts = %s,
    visibility = ["//visibility:public"],
)
""" % (ctx.name, ctx.attr.linkopts))

plain_library = repository_rule(
    implementation = _plain_library_impl,
    attrs = {
        "header": attr.string(mandatory = True, doc = "a file below /usr/include"),
        "linkopts": attr.string_list(mandatory = True),
    },
    local = True,
)

def _system_library_impl(ctx):
    result = ctx.execute(["pkg-config", "--libs"] + ctx.attr.package.split(" "))
    if result.return_code:
        fail(_NOT_INSTALLED % (ctx.attr.package, result.stderr))
    linkopts = result.stdout.strip().split(" ") + ctx.attr.extra_linkopts
    cflags = ctx.execute(["pkg-config", "--cflags-only-I"] + ctx.attr.package.split(" ")).stdout.strip()
    roots = {flag[2:].rstrip("/"): True for flag in cflags.split(" ") if flag.startswith("-I")}
    includes = []
    for root in roots:
        if root == "/usr/include" or root.endswith("-linux-gnu"):
            continue  # the compiler looks there by itself
        includes.append("include%d" % len(includes))
        ctx.symlink(root, includes[-1])
    ctx.file("BUILD", """
cc_library(
    name = "%s",
    hdrs = glob([path + "/**/*.h" for path in %s]),
    includes = %s,
    linkopts = %s,
    visibility = ["//visibility:public"],
)
""" % (ctx.name, includes, includes, linkopts))

system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "package": attr.string(mandatory = True, doc = "pkg-config's names, separated by blanks"),
        "extra_linkopts": attr.string_list(),
    },
    local = True,
)

def _proto_files_impl(ctx):
    for path in ctx.attr.files:
        ctx.symlink(ctx.attr.root + "/" + path, path)
    ctx.file("BUILD", """
load("@guestpass//bazel:proto.bzl", "cc_proto_files")
cc_proto_files(
    name = "%s",
    srcs = %s,
    grpc = False,
    visibility = ["//visibility:public"],
)
""" % (ctx.name, ctx.attr.files))

proto_files = repository_rule(
    implementation = _proto_files_impl,
    attrs = {
        "root": attr.string(mandatory = True, doc = "the directory that imports start from"),
        "files": attr.string_list(mandatory = True),
    },
    local = True,
)
