# SPDX-License-Identifier: Apache-2.0
# puma has both built in.
run ->(_) { [200, { 'content-type' => 'text/plain' }, ["puma\n"]] }
