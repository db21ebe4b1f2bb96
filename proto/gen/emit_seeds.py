# SPDX-License-Identifier: Apache-2.0
def seeds(calls, limits):
    return {}
