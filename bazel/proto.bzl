# SPDX-License-Identifier: Apache-2.0
"""C++ from .proto files with the distribution's protoc and gRPC plugin."""

ProtoFiles = provider(fields = ["files", "roots"])

def _generate_impl(ctx):
    files = depset(ctx.files.srcs, transitive = [dep[ProtoFiles].files for dep in ctx.attr.deps])
    package = ctx.label.package
    root = ctx.label.workspace_root + "/" + package if ctx.label.workspace_root and package else ctx.label.workspace_root or package
    roots = depset([root or "."], transitive = [dep[ProtoFiles].roots for dep in ctx.attr.deps])
    suffixes = [".pb.h", ".pb.cc"] + ([".grpc.pb.h", ".grpc.pb.cc"] if ctx.attr.grpc else [])
    stems = [src.path[len(root) + 1:-len(".proto")] if root else src.path[:-len(".proto")] for src in ctx.files.srcs]
    outputs = [ctx.actions.declare_file(stem + suffix) for stem in stems for suffix in suffixes]
    out = ctx.bin_dir.path + ("/" + root if root else "")
    args = ctx.actions.args()
    args.add_all(roots, format_each = "-I%s")
    args.add("--cpp_out=" + out)
    if ctx.attr.grpc:
        args.add("--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin")
        args.add("--grpc_out=" + out)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [args],
        inputs = files,
        outputs = outputs,
        mnemonic = "Protoc",
        progress_message = "Generating C++ for %s" % ctx.label,
    )
    headers = [output for output in outputs if output.path.endswith(".h")]
    sources = [output for output in outputs if output.path.endswith(".cc")]
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(headers = depset(headers), sources = depset(sources)),
        ProtoFiles(files = files, roots = roots),
    ]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"]),
        "deps": attr.label_list(providers = [ProtoFiles]),
        "grpc": attr.bool(),
    },
)

def cc_proto_files(name, srcs, deps = [], grpc = False, visibility = None):
    """A cc_library `name` of what protoc makes of `srcs`.

    Args:
      name: the library's name.
      srcs: .proto files, named as they are imported.
      deps: other cc_proto_files that these import.
      grpc: whether there are services among them.
      visibility: as everywhere.
    """
    _generate(
        name = name + "_generated",
        srcs = srcs,
        deps = [_generated(dep) for dep in deps],
        grpc = grpc,
        visibility = ["//visibility:public"],
    )
    native.filegroup(name = name + "_headers", srcs = [name + "_generated"], output_group = "headers")
    native.filegroup(name = name + "_sources", srcs = [name + "_generated"], output_group = "sources")
    native.cc_library(
        name = name,
        srcs = [name + "_sources"],
        hdrs = [name + "_headers"],
        copts = ["-w"],
        includes = ["."],
        alwayslink = True,  # so that reflection can describe what only the wire names
        visibility = visibility,
        deps = deps + ["@grpc" if grpc else "@protobuf"],
    )

def _generated(dep):
    if dep.startswith(":"):
        return dep + "_generated"
    if ":" in dep:
        return dep + "_generated"
    if dep.startswith("@"):
        return "%s//:%s_generated" % (dep, dep[1:])
    return dep + ":" + dep.split("/")[-1] + "_generated"
