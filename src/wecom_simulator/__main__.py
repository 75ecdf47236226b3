import sys

from wecom_simulator.app import main

sys.exit(main())
