chmod 700 c; mkdir c/sub; chmod 2770 c/sub
