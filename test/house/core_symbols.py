#!/usr/bin/python3
"""Holds the cores to design section 2: what a core archive needs from outside must stand on the allow-list.

usage: core_symbols.py LLVM_NM CORE=ARCHIVE...

A core may use its own project's code, the standard library's values and containers, memory and number functions of libc, and
libraries that compute (Boost.JSON, OpenSSL hashes and ciphers). Sockets, files, clocks, threads and randomness are not on the list,
nor is what hides them in the standard library.
"""

import re
import subprocess
import sys

ALLOWED = [
    # ours (a core calls other cores; CMake's edges say which)
    r"metallb::",
    # the C++ run-time: memory, exceptions, RTTI, guards of function statics
    r"operator (new|delete)", r"__cxa_", r"__gxx_personality", r"__dso_handle", r"_Unwind_Resume", r"(vtable|typeinfo|typeinfo name|VTT) for ",
    r"__cxxabiv1::", r"__clang_call_terminate", r"std::terminate", r"__stack_chk_fail", r"_GLOBAL_OFFSET_TABLE_", r"__tls_get_addr",
    r"__(asan|ubsan|tsan|sanitizer|sancov|lsan)_", r"__(start|stop)_(__sancov|asan)", r"__gcc_personality_v0", r"__udivti3|__umodti3|__multi3|__divti3",
    r"^__libc_single_threaded$", r"__assert_fail|std::__glibcxx_assert_fail|std::__throw_",
    # values and containers of the standard library
    r"std::(__cxx11::)?(basic_string|to_string|to_chars|from_chars|__detail|_Rb_tree|_Hash_bytes|_Sp_|__shared|vector|optional|variant|function)",
    r"std::(bad_|logic_error|runtime_error|out_of_range|length_error|invalid_argument|domain_error|exception|error_|system_error|_V2::)",
    r"std::__cxx11::(basic_stringbuf|basic_ostringstream|basic_istringstream)", r"std::__exception_ptr::", r"std::uncaught_exceptions",
    r"std::pmr::", r"std::nothrow", r"std::locale::(locale|~locale|classic)", r"std::_Hash_bytes", r"std::rethrow_exception",
    r"std::current_exception",
    # libc: memory, text, numbers, sorting, and the way out of a broken contract
    r"^(mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|cmp|ncmp|chr|rchr|toll?|toul|tod|ncasecmp|casecmp)|bcmp|abort|free|malloc|realloc|calloc)$",
    r"^(fprintf|snprintf|vsnprintf|stderr|isalnum|isdigit|isspace|isxdigit|tolower|toupper|gmtime_r|timegm|strerror_r)$",
    r"^(floor|ceil|pow|log(2|10)?|exp2?|fmod|ldexp|frexp|lround|round|trunc|nextafter|fmodl|floorl|logl)$", r"^__errno_location$", r"^qsort$",
    # libraries that compute
    r"boost::(json|core|system|container|throw_exception|source_location|align|detail|wrapexcept|exception|variant2|describe|mp11)",
    r"^(SHA256|EVP_\w+|OPENSSL_\w+|CRYPTO_memcmp)$", r"re2::", r"YAML::",
]
FORBIDDEN_HINT = re.compile(
    r"^(socket|send\w*|recv\w*|read|write|p?open\w*|epoll_\w+|poll|select|getrandom|clock_gettime|gettimeofday|time|pthread_\w+|fork)$"
    r"|std::chrono::.*_clock::now|std::random_device|std::thread|std::basic_[io]*fstream|std::this_thread")


def undefined_symbols(nm: str, archive: str) -> dict[str, str]:
    """Demangled undefined symbols that no member of the archive defines, with the member that wants them."""
    wanted: dict[str, str] = {}
    defined: set[str] = set()
    member = archive
    output = subprocess.run([nm, "--demangle", archive], capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        if line.endswith(":"):
            member = line[:-1]
            continue
        found = re.match(r"^\s*[0-9a-f]*\s+([A-Za-z])\s+(.*)$", line)
        if not found:
            continue
        kind, name = found.groups()
        if kind in "Uw":
            wanted.setdefault(name, member)
        else:
            defined.add(name)
    return {name: member for name, member in wanted.items() if name not in defined}


def main() -> int:
    nm, *pairs = sys.argv[1:]
    allowed = re.compile("|".join(ALLOWED))
    bad = []
    for pair in pairs:
        core, archive = pair.split("=", 1)
        symbols = undefined_symbols(nm, archive)
        offending = [(name, where) for name, where in symbols.items() if not allowed.search(name) or FORBIDDEN_HINT.search(name)]
        print(f"{core}: {len(symbols)} symbols from outside, {len(offending)} not allowed")
        bad += [f"  {core}: {name} (wanted by {where})" for name, where in sorted(offending)]
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
