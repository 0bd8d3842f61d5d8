// SPDX-License-Identifier: Apache-2.0
// Prints docs/access.md.
#include <cstdio>

#include "services/membership/server/rules.h"

int main() { std::fputs(guestpass::membership::RulesInMarkdown().c_str(), stdout); }
