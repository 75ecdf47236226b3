import sys

from sms_simulator.app import main

sys.exit(main())
