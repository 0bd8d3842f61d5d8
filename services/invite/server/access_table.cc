// SPDX-License-Identifier: Apache-2.0
// Prints the end of docs/access.md.
#include <cstdio>

#include "services/invite/server/rules.h"

int main() { std::fputs(guestpass::invite::RulesInMarkdown().c_str(), stdout); }
